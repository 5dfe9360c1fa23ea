"""This machine's settings: folders, addresses, ports, keys. The only reader of the environment.

Values come from the environment, then from ``.env`` in the working folder, then
from the defaults below. Nothing is read at import: call :func:`get_settings`
where a value is needed and hand it down as an argument.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from aprendiz.errors import SettingsError


class Settings(BaseSettings):
    """Every setting that belongs to the machine rather than to a recipe."""

    model_config = SettingsConfigDict(
        env_prefix="APRENDIZ_",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        use_attribute_docstrings=True,
        populate_by_name=True,
        frozen=True,
    )

    home: Path = Path("~/.aprendiz")
    """Folder for runs and caches."""

    model: Path | None = None
    """Model folder for `uvicorn aprendiz.serving.app:app`."""

    threshold: float = Field(default=0.70, ge=0.0, le=1.0)
    """Confidence under which an answer asks for clarification instead."""

    export_agreement: float = Field(default=0.99, ge=0.0, le=1.0)
    """Least share of prompts that an exported chat model must answer word for word alike."""

    host: str = "127.0.0.1"
    """Address that servers listen on."""

    port: int = Field(default=8000, ge=0, le=65535)
    """Port that servers listen on; 0 takes a free one."""

    max_characters: int = Field(default=20_000, ge=1)
    """Longest text a server accepts, in characters."""

    max_body_bytes: int = Field(default=262_144, ge=1024)
    """Largest request body a server accepts, in bytes."""

    serve_key: SecretStr = SecretStr("")
    """A key that opens `aprendiz serve`, beside those of the keys file."""

    serve_keys: Path | None = None
    """File with the hashes of keys (`aprendiz serve --new-key`); empty means `serve.keys` in the home."""

    serve_timeout_seconds: float = Field(default=30.0, gt=0, le=3600)
    """Longest that a request may wait for its answer; clients may ask for less."""

    serve_read_seconds: float = Field(default=10.0, gt=0, le=3600)
    """Longest that a client may take to send a request's body."""

    serve_max_inputs: int = Field(default=256, ge=1, le=100_000)
    """Most texts in one request."""

    serve_batch_tokens: int = Field(default=4_096, ge=16)
    """Most tokens that a classifier works on at once."""

    serve_queue_tokens: int = Field(default=65_536, ge=16)
    """Most tokens that may wait for a classifier; one more request is answered 429."""

    serve_feedback: Path | None = None
    """File for corrections that clients send to `POST /feedback`; without it there is no such route."""

    serve_doubtful: Path | None = None
    """File for texts that a classifier was not sure of; without it they are not kept."""

    serve_notes_bytes: int = Field(default=16 * 1024 * 1024, ge=4096)
    """Most bytes that each of these two files may take on the disk."""

    otel_endpoint: str = Field(
        default="",
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT", "otel_endpoint"),
    )
    """Collector that a server sends OpenTelemetry traces to; none without it."""

    otel_traces_endpoint: str = Field(
        default="",
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "otel_traces_endpoint"),
    )
    """The same, for traces alone."""

    otel_traces_exporter: str = Field(
        default="otlp",
        validation_alias=AliasChoices("OTEL_TRACES_EXPORTER", "otel_traces_exporter"),
    )
    """`none` sends no traces whatever else is set."""

    otel_sdk_disabled: bool = Field(
        default=False, validation_alias=AliasChoices("OTEL_SDK_DISABLED", "otel_sdk_disabled")
    )
    """Switches OpenTelemetry off."""

    track: bool = True
    """Record trainings with MLflow when it is installed."""

    threads: int = Field(default=0, ge=0)
    """CPU threads for training and inference; 0 lets torch decide from the cores it may use."""

    mlflow_tracking_uri: str = Field(
        default="", validation_alias=AliasChoices("MLFLOW_TRACKING_URI", "mlflow_tracking_uri")
    )
    """Tracking server; empty means an SQLite file under `APRENDIZ_HOME`."""

    mlflow_tracking_username: str = Field(
        default="",
        validation_alias=AliasChoices("MLFLOW_TRACKING_USERNAME", "mlflow_tracking_username"),
    )
    """User name for the tracking server."""

    mlflow_tracking_password: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices("MLFLOW_TRACKING_PASSWORD", "mlflow_tracking_password"),
    )
    """Password for the tracking server."""

    mlflow_tracking_token: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices("MLFLOW_TRACKING_TOKEN", "mlflow_tracking_token"),
    )
    """Bearer token for the tracking server."""

    mlflow_experiment_name: str = Field(
        default="aprendiz",
        validation_alias=AliasChoices("MLFLOW_EXPERIMENT_NAME", "mlflow_experiment_name"),
    )
    """Experiment that runs are recorded under."""

    hf_hub_offline: bool = Field(
        default=False, validation_alias=AliasChoices("HF_HUB_OFFLINE", "hf_hub_offline")
    )
    """Never ask the Hugging Face hub; use what is in its cache."""

    hf_endpoint: str = Field(
        default="https://huggingface.co",
        validation_alias=AliasChoices("HF_ENDPOINT", "hf_endpoint"),
    )
    """Address of the Hugging Face hub."""

    hf_token: SecretStr = Field(
        default=SecretStr(""), validation_alias=AliasChoices("HF_TOKEN", "hf_token")
    )
    """Key for gated or private models and data on the hub."""

    azure_openai_endpoint: str = Field(
        default="", validation_alias=AliasChoices("AZURE_OPENAI_ENDPOINT", "azure_openai_endpoint")
    )
    """Address of an Azure OpenAI resource (or of `aprendiz platform`); with it, managed jobs go there."""

    azure_openai_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=AliasChoices(
            "AZURE_OPENAI_KEY", "AZURE_OPENAI_API_KEY", "azure_openai_key"
        ),
    )
    """Key of the Azure OpenAI resource; empty signs in with Entra (azure-identity)."""

    azure_openai_version: str = Field(
        default="2024-12-01-preview",
        validation_alias=AliasChoices("AZURE_OPENAI_VERSION", "azure_openai_version"),
    )
    """Azure's `api-version`."""

    azure_openai_model: str = Field(
        default="gpt-4o-mini",
        validation_alias=AliasChoices("AZURE_OPENAI_MODEL", "azure_openai_model"),
    )
    """Base model that `projects/store` fine-tunes."""

    azure_subscription_id: str = Field(
        default="", validation_alias=AliasChoices("AZURE_SUBSCRIPTION_ID", "azure_subscription_id")
    )
    """Azure subscription, to create deployments."""

    azure_resource_group: str = Field(
        default="", validation_alias=AliasChoices("AZURE_RESOURCE_GROUP", "azure_resource_group")
    )
    """Azure resource group, to create deployments."""

    azure_openai_resource: str = Field(
        default="", validation_alias=AliasChoices("AZURE_OPENAI_RESOURCE", "azure_openai_resource")
    )
    """Name of the Azure OpenAI resource; read from the endpoint when empty."""

    azure_resource_manager_endpoint: str = Field(
        default="https://management.azure.com",
        validation_alias=AliasChoices(
            "AZURE_RESOURCE_MANAGER_ENDPOINT", "azure_resource_manager_endpoint"
        ),
    )
    """Address of the Azure Resource Manager, which creates deployments."""

    openai_api_key: SecretStr = Field(
        default=SecretStr(""), validation_alias=AliasChoices("OPENAI_API_KEY", "openai_api_key")
    )
    """Key for OpenAI, or for `aprendiz platform`."""

    openai_base_url: str = Field(
        default="", validation_alias=AliasChoices("OPENAI_BASE_URL", "openai_base_url")
    )
    """Address of an OpenAI-compatible service; empty means OpenAI itself."""

    fine_tuned_model_deployment: str = Field(
        default="",
        validation_alias=AliasChoices("FINE_TUNED_MODEL_DEPLOYMENT", "fine_tuned_model_deployment"),
    )
    """Name of the deployment that answers with the tuned model."""

    fine_tuning_epochs: int = Field(
        default=3,
        ge=1,
        le=50,
        validation_alias=AliasChoices("FINE_TUNING_EPOCHS", "fine_tuning_epochs"),
    )
    """Epochs of the job in `projects/store`."""

    fine_tuning_batch_size: int = Field(
        default=1,
        ge=1,
        le=256,
        validation_alias=AliasChoices("FINE_TUNING_BATCH_SIZE", "fine_tuning_batch_size"),
    )
    """Batch size of the job in `projects/store`."""

    fine_tuning_lr_mult: float = Field(
        default=0.1,
        gt=0,
        validation_alias=AliasChoices("FINE_TUNING_LR_MULT", "fine_tuning_lr_mult"),
    )
    """Learning-rate multiplier of the job in `projects/store`."""

    fine_tuning_prompt_loss_weight: float | None = Field(
        default=None,
        ge=0,
        validation_alias=AliasChoices(
            "FINE_TUNING_PROMPT_LOSS_WEIGHT", "fine_tuning_prompt_loss_weight"
        ),
    )
    """Weight of the prompt in the loss (Azure's dated interface only); not sent when empty."""

    train_split: float = Field(
        default=0.8, gt=0, lt=1, validation_alias=AliasChoices("TRAIN_SPLIT", "train_split")
    )
    """Share of the examples that `projects/store` learns from."""

    validation_split: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        validation_alias=AliasChoices("VALIDATION_SPLIT", "validation_split"),
    )
    """Share of the examples that `projects/store` keeps for validation."""

    platform_database: str = ""
    """Database of `aprendiz platform`: a `postgresql://` address; empty means a file in its home."""

    platform_key: SecretStr = SecretStr("")
    """A key that may use `aprendiz platform`, beside those made with `aprendiz platform key new`."""

    platform_max_file_bytes: int = Field(default=512 * 1024 * 1024, ge=1024)
    """Largest file that `aprendiz platform` takes, in bytes."""

    platform_models: Path | None = None
    """YAML file with more rows for the platform's table of model names."""

    @property
    def home_folder(self) -> Path:
        """``home`` with ``~`` resolved."""
        return self.home.expanduser()

    @property
    def serve_keys_file(self) -> Path:
        """Where the hashes of the classifier server's keys are kept."""
        return self.serve_keys or self.home_folder / "serve.keys"

    @property
    def tracking_uri(self) -> str:
        """The tracking address in force: the given one, or our SQLite file."""
        return self.mlflow_tracking_uri or f"sqlite:///{self.home_folder / 'mlflow.db'}"


def get_settings() -> Settings:
    """Read the settings now.

    Raises:
        SettingsError: a variable has a value that cannot be used; names the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{variable_of(str(fault['loc'][0]))}: {fault['msg']}" for fault in error.errors()
        )
        raise SettingsError(
            f"a setting of this machine cannot be used: {faults}",
            "correct the environment variable or the line in .env",
        ) from None


def variable_of(field: str) -> str:
    """The environment variable of a field, or the variable itself if given one."""
    info = Settings.model_fields.get(field)
    if info is None:
        return field.upper()
    alias = info.validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return f"APRENDIZ_{field.upper()}"


def hand_to_libraries(settings: Settings) -> None:
    """Put vendor settings that came from ``.env`` where the vendors' libraries look for them.

    MLflow and the hub client read the environment themselves; a value that stands
    only in ``.env`` would otherwise not reach them. What is already set is left alone.
    """
    values = {
        "MLFLOW_TRACKING_USERNAME": settings.mlflow_tracking_username,
        "MLFLOW_TRACKING_PASSWORD": settings.mlflow_tracking_password.get_secret_value(),
        "MLFLOW_TRACKING_TOKEN": settings.mlflow_tracking_token.get_secret_value(),
        "HF_TOKEN": settings.hf_token.get_secret_value(),
        "HF_HUB_OFFLINE": "1" if settings.hf_hub_offline else "",
    }
    for name, value in values.items():
        if value:
            os.environ.setdefault(name, value)


def set_library_default(name: str, value: str) -> None:
    """Set a vendor's own environment variable unless the user already did."""
    os.environ.setdefault(name, value)
