"""The demo: a real deployment, a simulated fleet, and what Nightjar does when two of its instances get into trouble.

Standard error tells the story; standard output ends with one JSON object of counts. The exit status is 0 only if the chain
did its work.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from demo import fleet
from demo.fleet import BYSTANDER, CONTROL, TARGET, Fleet
from demo.records import Records
from demo.story import NothingCame, Story
from local import deployment, packages, stack, terraform
from local.deployment import PREFIX, Deployment

HOME = stack.ROOT / ".local"
#: Longest wait for one step of the chain. Each takes a second or two.
PATIENCE = 60


def main() -> int:
    story = Story(chapters=8)
    try:
        deployed = set_up(story)
        records = Records(deployed)
        instances = launch_fleet(story, deployed)
        onboard(story, records, instances)
        learn(story, records, instances)
        get_into_trouble(story, records, instances)
        watch_the_chain(story, records, instances)
    except (packages.BuildError, stack.StackError, terraform.TerraformError, NothingCame, OSError) as error:
        story.say(f"The demo ends here: {error}", style="bold red")
        return 1
    return conclude(story, records, instances)


def set_up(story: Story) -> Deployment:
    with story.chapter("Build the functions", quiet=True):
        built = packages.build(HOME)
    with story.chapter("Start the local AWS and apply the production Terraform"):
        running = stack.start(HOME)
        story.say(f"MiniStack answers on {running.endpoint}; its log is .local/emulator.log")
        return deployment.deploy(running, built)


def launch_fleet(story: Story, deployed: Deployment) -> Fleet:
    with story.chapter("Launch three instances with two weeks of history"):
        instances = fleet.launch(deployed.stack)
        points = instances.live_two_weeks()
        lines = instances.log_as_usual()
        for instance in instances.instances:
            opt_in = "may be rebooted" if instance.role.may_be_rebooted else "must not be touched"
            story.say(f"{instance.id}  {instance.role.name:<9}  watched, {opt_in}")
        story.say(f"{points} datapoints and {lines} log lines are written")
        return instances


def onboard(story: Story, records: Records, instances: Fleet) -> None:
    with story.chapter("Onboarding takes the fleet into the inventory"):
        run(story, records, "onboarding")
        size = len(instances.instances)
        story.wait_for("all instances in the inventory", lambda: len(records.inventory()) >= size, PATIENCE)
        for row in sorted(records.inventory(), key=lambda row: row["name"]):
            missing = f"; not covered: {', '.join(row['missing'])}" if row["missing"] else ""
            story.say(f"{row['id']}  {row['name']}: {len(row['metrics'])} metrics, {len(row['log_sources'])} log group{missing}")


def learn(story: Story, records: Records, instances: Fleet) -> None:
    with story.chapter("The detector learns the ordinary from two weeks of datapoints"):
        run(story, records, "anomaly-detector")
        if known := records.facts("anomaly.detected"):
            raise NothingCame(f"a quiet first run: {len(known)} anomalies were found in ordinary data")
        story.say(f"{len(records.series())} series are known, nothing is abnormal")


def get_into_trouble(story: Story, records: Records, instances: Fleet) -> None:
    with story.chapter("Two instances run hot and their logs fill with errors"):
        instances.get_into_trouble()
        run(story, records, "anomaly-detector")
        for fact in records.facts("anomaly.detected"):
            found = fact["details"]
            instance = found["resource"].rsplit("/", 1)[-1]
            story.say(f"anomaly: {instance}: {found['metric'].split('|')[1]} is {found['observed']:.1f}, score {found['score']:.2f}")


def watch_the_chain(story: Story, records: Records, instances: Fleet) -> None:
    with story.chapter("Diagnose, tell, heal"):
        target, bystander = (instances.get(role).id for role in (TARGET, BYSTANDER))
        story.wait_for("two incidents", lambda: len(records.incidents()) >= 2, PATIENCE)
        for incident in records.api("/events")["events"]:
            story.say(f"incident: {incident['title']}. {incident['summary']}")
        mail = story.wait_for("an e-mail", records.mails, PATIENCE)[0]
        story.say(f"e-mail to {mail['To']}: {mail['Subject']}")
        for channel in ("slack", "webhook"):
            story.wait_for(f"a {channel} message", lambda channel=channel: records.posts(channel), PATIENCE)
            story.say(f"{channel} was told" + (", signature verified" if channel == "webhook" else ""))
        story.wait_for(f"the reboot of {target}", lambda: target in records.reboots(), PATIENCE)
        story.say(f"{target} was rebooted: it opted in (CloudTrail: RebootInstances)")
        declined = story.wait_for(f"the refusal for {bystander}", lambda: records.facts("remediation.declined"), PATIENCE)
        for fact in declined:
            story.say(f"declined: {fact['subject'].rsplit('/', 1)[-1]}: {fact['details']['text']}")
        story.wait_for("the chain to come to rest", records.deployment.stack.is_at_rest, PATIENCE)


def run(story: Story, records: Records, function: str) -> None:
    """Fires the function's schedule and waits until the invocation, and all that follows from it, has ended."""
    records.deployment.stack.fire(f"{PREFIX}-{function}-schedule")
    story.wait_for(f"the run of {function}", records.deployment.stack.is_at_rest, PATIENCE)


def conclude(story: Story, records: Records, instances: Fleet) -> int:
    """Compares what was left behind with what should have been, and prints the counts."""
    with story.chapter("Check the records"):
        incidents = records.incidents()
        by_instance = {i.role: [x for x in incidents if x["resource_id"] == i.id] for i in instances.instances}
        mails, posts = records.mails(), records.deployment.stack.received()
        target = instances.get(TARGET).id
        counts = {
            "resources_onboarded": len(records.inventory()),
            "anomalies": len(records.facts("anomaly.detected")),
            "incidents": len(incidents),
            "critical_alerts": len(records.facts("alert.published")),
            "notifications": len(mails) + len(posts),
            "remediations": len(records.facts("remediation.finished")),
            "declined": len(records.facts("remediation.declined")),
            "audit_entries": len(records.facts()),
            "api_events": len(records.api("/events?limit=100")["events"]),
            "seconds": story.seconds,
        }
        expectations: dict[str, Callable[[], bool]] = {
            "three instances are in the inventory": lambda: counts["resources_onboarded"] == 3,
            "both troubled instances have an incident": lambda: bool(by_instance[TARGET] and by_instance[BYSTANDER]),
            "the healthy instance has none": lambda: not by_instance[CONTROL],
            "every incident has its anomaly": lambda: counts["anomalies"] >= counts["incidents"],
            "the target, and nothing else, was rebooted once": lambda: records.reboots() == [target],
            "the reboot stands in the audit trail": lambda: counts["remediations"] == 1,
            "somebody's instance was left alone, with a reason": lambda: counts["declined"] >= 1,
            "the e-mails are text for people": lambda: not any(m.get_content().lstrip().startswith("{") for m in mails),
            "every incident reached e-mail, Slack and webhook": lambda: min(
                len(mails), len(records.posts("slack")), len(records.posts("webhook"))
            ) >= counts["critical_alerts"] >= 2,
            "the API tells every incident": lambda: counts["api_events"] == counts["incidents"],
        }
        broken = [claim for claim, holds in expectations.items() if not holds()]
        for claim in expectations:
            story.say(f"{'NO ' if claim in broken else 'yes'}  {claim}", style="red" if claim in broken else "green")
    deployed = records.deployment
    print(f"The page: {deployed.page}    user {deployed.admin.name}, password {deployed.admin.password}")
    print(f"The API answers at {deployed.api}, by its host name:")
    print(f"  nightjar login --api {deployed.page} --user {deployed.admin.name}    # password: {deployed.admin.password}")
    print(f"  curl -H 'Host: {deployed.api_host}' -H \"Authorization: Bearer $(nightjar token)\" {deployed.api}/events")
    print(f"E-mails lie in {deployed.stack.outbox}. `make plan` plans again, `make down` stops the local AWS.")
    print(json.dumps(counts, separators=(",", ":")))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
