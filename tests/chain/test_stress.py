"""scripts/stress-test.sh on the local AWS."""

from __future__ import annotations

from conftest import Chain
from demo.fleet import BYSTANDER, TARGET, Instance


def test_it_sees_the_event_the_alert_and_the_reboot(chain: Chain) -> None:
    fleet = chain.launch(TARGET)
    done = chain.stress(fleet.get(TARGET))
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()[-3:]] == ["event:", "alert:", "reboot:"]


def test_it_says_what_is_missing_and_why(chain: Chain) -> None:
    fleet = chain.launch(BYSTANDER)
    done = chain.stress(fleet.get(BYSTANDER))
    assert done.returncode == 1
    assert "missing: reboot" in done.stdout
    assert "not opted in" in done.stdout


def test_an_unknown_instance_is_a_clear_error(chain: Chain) -> None:
    done = chain.stress(Instance(TARGET, "i-00000000000000000"))
    assert done.returncode == 1
    assert "there is no instance i-00000000000000000" in done.stderr
