from django.apps import AppConfig


class AgentsConfig(AppConfig):
    """Who thinks."""

    name = "agents"
    label = "agents"
    verbose_name = "Agents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from agents import commands
        from ledger import command, doorbell, erasure, replay

        command.register(commands.PublishTemplate, handler="agents.handlers.publish_template")
        command.register(commands.RetireTemplate, handler="agents.handlers.retire_template")
        command.register(commands.PublishTriggers, handler="agents.handlers.publish_triggers")
        doorbell.register("triggers", answerer="agents.triggers.answer", due="agents.triggers.due")
        doorbell.register("engine", answerer="agents.engine.answer", due="agents.engine.due")
        erasure.register("agents", path="agents.erasers")
        replay.register("plan", reduce="agents.reducers.plan", live="agents.live.plans")
        replay.register("template", reduce="agents.reducers.template", live="agents.live.templates", per_entity=True)
        replay.register("triggers", reduce="agents.reducers.triggers", live="agents.live.triggers", per_entity=True)
