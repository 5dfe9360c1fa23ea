"""Rows about models that can answer, and about the deployments that point at them."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, or_, select, update

from aprendiz.platform.records import DeploymentRecord, ModelRecord, Refusal
from aprendiz.platform.store.database import Database, record
from aprendiz.platform.store.tables import CHECKPOINTS, DEPLOYMENTS, MODELS


class ModelRows(Database):
    """What the store knows of models and deployments."""

    def models(self) -> tuple[ModelRecord, ...]:
        """Every model, newest first."""
        with self._reading() as connection:
            rows = connection.execute(select(MODELS).order_by(MODELS.c.seq.desc())).all()
        return tuple(record(ModelRecord, row) for row in rows)

    def model(self, id: str) -> ModelRecord:
        """One model, by its name or, as Azure's clients do, by the id of its checkpoint.

        Raises:
            Refusal: 404, there is none with this name.
        """
        of_checkpoint = select(CHECKPOINTS.c.model).where(CHECKPOINTS.c.id == id)
        query = select(MODELS).where(or_(MODELS.c.id == id, MODELS.c.id.in_(of_checkpoint)))
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise no_model(id)
        return record(ModelRecord, row)

    def delete_model(self, id: str) -> None:
        """Forget a model; its folder goes when the service next starts.

        Raises:
            Refusal: 404, there is none with this name; 400, a deployment answers with it.
        """
        with self._writing() as connection:
            used = connection.scalar(
                select(DEPLOYMENTS.c.name).where(DEPLOYMENTS.c.model == id).limit(1)
            )
            if used is not None:
                raise Refusal(
                    400,
                    f"The model '{id}' is deployed as '{used}'; delete that deployment first.",
                    code="model_deployed",
                    param="model",
                )
            if not connection.execute(delete(MODELS).where(MODELS.c.id == id)).rowcount:
                raise no_model(id)

    def deployments(self) -> tuple[DeploymentRecord, ...]:
        """Every deployment, newest first."""
        query = select(DEPLOYMENTS).order_by(DEPLOYMENTS.c.seq.desc())
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return tuple(record(DeploymentRecord, row) for row in rows)

    def deployment(self, name: str) -> DeploymentRecord:
        """One deployment.

        Raises:
            Refusal: 404, there is none with this name.
        """
        query = select(DEPLOYMENTS).where(DEPLOYMENTS.c.name == name)
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise _no_deployment(name)
        return record(DeploymentRecord, row)

    def put_deployment(self, deployment: DeploymentRecord) -> bool:
        """Make a deployment, or change the one of that name (which keeps ``created_at``).

        Returns:
            Whether it is new.
        """
        values = asdict(deployment)
        changes = {key: value for key, value in values.items() if key != "created_at"}
        change = update(DEPLOYMENTS).where(DEPLOYMENTS.c.name == deployment.name).values(changes)
        with self._writing() as connection:
            if connection.execute(change).rowcount:
                return False
            connection.execute(insert(DEPLOYMENTS).values(values))
            return True

    def delete_deployment(self, name: str) -> None:
        """Forget a deployment; its model stays.

        Raises:
            Refusal: 404, there is none with this name.
        """
        with self._writing() as connection:
            change = delete(DEPLOYMENTS).where(DEPLOYMENTS.c.name == name)
            if not connection.execute(change).rowcount:
                raise _no_deployment(name)


def no_model(id: str) -> Refusal:
    """What a client is told of a model that is not there."""
    return Refusal(404, f"The model '{id}' does not exist", code="model_not_found", param="model")


def _no_deployment(name: str) -> Refusal:
    return Refusal(
        404,
        f"The API deployment '{name}' does not exist. If you made it within the last minutes, "
        "wait a moment and try again.",
        code="DeploymentNotFound",
    )
