"""Actions run in the engine's own process: no second server to start."""

from functools import lru_cache
from typing import Any

import structlog
from jsonschema import Draft202012Validator
from rasa.core.actions.action import RemoteAction
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

from bot.failures import EngineFailure, where

log = structlog.get_logger()


class ActionsInside(EndpointConfig):
    """An action endpoint without HTTP: the payload goes straight to rasa-sdk's executor."""

    def __init__(self) -> None:
        super().__init__(url="inside", enable_selective_domain=True)
        _executor()  # an action that cannot be imported stops the start, not a turn

    async def request(self, *_args: Any, json: Any = None, **_kwargs: Any) -> dict[str, Any]:
        """What the action answers. Raises EngineFailure when it raised."""
        name = json.get("next_action")
        try:
            answer: dict[str, Any] = await _executor().run(json)
            return answer
        except Exception as error:
            log.error("action failed", action=name, error=where(error))
            raise EngineFailure(f"action {name}") from None


class ActionsOutside(EndpointConfig):
    """A separate action server whose failures fail the turn."""

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        """What the server answers. Raises EngineFailure when it fails or cannot be reached."""
        try:
            return await super().request(*args, **kwargs)
        except Exception as error:
            log.error("action server failed", error=where(error))
            raise EngineFailure("action server") from None


def action_endpoint(url: str) -> EndpointConfig:
    """The endpoint for a setting: a server's URL, or this process when empty."""
    return ActionsOutside(url=url, enable_selective_domain=True) if url else ActionsInside()


def check_answers_quickly() -> None:
    """Makes Rasa check actions' answers against a schema that is compiled once; otherwise 30 ms an action."""
    validator = Draft202012Validator(RemoteAction.action_response_format_spec())

    def check(self: RemoteAction, result: dict[str, Any]) -> bool:
        validator.validate(result)
        return True

    RemoteAction._validate_action_result = check


@lru_cache
def _executor() -> ActionExecutor:
    executor = ActionExecutor()
    executor.register_package("actions")
    return executor
