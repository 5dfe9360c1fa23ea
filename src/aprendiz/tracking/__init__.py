"""The diary of a training: in memory always, in MLflow when it is there."""
