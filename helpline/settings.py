"""Settings: environment variables `HAVENLINE_…`, read once, typed; `.env` is read in development."""

from functools import lru_cache
from pathlib import Path

from pydantic import BaseSettings, Field

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Everything an operator can set; `docs/settings.md` has the same table, held by a test."""

    data_dir: Path = Field(PROJECT / "var", description="where databases, keys, models and logs live")
    database_url: str = Field("", description="conversations; SQLite in the data folder when empty")
    keys_database_url: str = Field("", description="data keys; a SQLite file of its own when empty")
    trackers_database_url: str = Field("", description="the engine's trackers; a SQLite file of its own when empty")
    keys: Path | None = Field(None, description="the master key ring; `keys/ring.json` in the data folder when empty")

    host: str = Field("127.0.0.1", description="address the edge listens on")
    port: int = Field(8000, description="port the edge listens on")
    public_url: str = Field("", description="the address Twilio calls, as Twilio knows it")
    engine_url: str = Field("http://127.0.0.1:8005", description="where the edge reaches the engine")
    engine_token: str = Field("", description="secret shared by edge and engine; `up` makes one when empty")
    engine_timeout: float = Field(8.0, description="seconds an answer of the engine may take")
    actions_url: str = Field("", description="a separate action server; empty runs actions in the engine's process")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    dev: bool = Field(False, description="phone simulator and local Twilio API; never in production")

    twilio_account_sid: str = Field("", description="Twilio account")
    twilio_auth_token: str = Field("", description="Twilio auth token; also checks webhook signatures")
    twilio_from: str = Field("", description="number that texts leave from when nobody texted first")
    twilio_api_url: str = Field("https://api.twilio.com", description="Twilio's REST API")

    default_language: str = Field("en", description="language of a person we know nothing about")
    default_country: str = Field("", description="country (ISO 3166-1) of a person we know nothing about")
    exit_url: str = Field("https://www.wikipedia.org/", description="neutral site that quick exit leads to")

    idle_close_hours: float = Field(24, description="a silent conversation with the bot closes after this")
    retention_days: float = Field(30, description="a closed conversation is deleted after this")
    owner_timeout: float = Field(90, description="seconds without a sign of life before an advocate is released")
    late_after: float = Field(300, description="seconds after which a waiting message is put before a human")
    max_message_bytes: int = Field(10_000, description="larger messages are refused")

    class Config:
        env_prefix = "HAVENLINE_"
        env_file = ".env"

    def _sqlite(self, name: str) -> str:
        return f"sqlite:///{self.data_dir / name}"

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the conversations."""
        return self.database_url or self._sqlite("havenline.db")

    @property
    def keys_database(self) -> str:
        """SQLAlchemy URL of the data keys."""
        return self.keys_database_url or self._sqlite("keys/data-keys.db")

    @property
    def trackers_database(self) -> str:
        """SQLAlchemy URL of the engine's trackers."""
        return self.trackers_database_url or self._sqlite("trackers.db")

    @property
    def key_ring(self) -> Path:
        """File of the master key ring."""
        return self.keys or self.data_dir / "keys" / "ring.json"

    @property
    def models(self) -> Path:
        """Folder of trained models."""
        return self.data_dir / "models"

    @property
    def public(self) -> str:
        """The edge's address as the outside knows it, without a final slash."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")


@lru_cache
def settings() -> Settings:
    """The settings of this process.

    Raises pydantic.ValidationError when a variable has a value of the wrong type.
    """
    return Settings()  # type: ignore[call-arg]
