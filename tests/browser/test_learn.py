"""The classroom in a browser: stepping by keys to the end, a link that opens at its step, the quiz, a lecturer's own pack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from seeing import case_in, no_violations, put_case

import expert
from expert import assess, load_knowledge
from expert.packs import shipped_packs

PACKS = Path(expert.__file__).resolve().parent.parent / "examples" / "packs"
HIP = shipped_packs()["motion"].sheets[0].case
OWN = {"findings": [{"name": "hip drop", "side": "right", "task": "running", "note": "typed by hand"}], "notes": "typed by hand"}


def at(page: Any, step: int) -> None:
    """Wait until that step is shown."""
    page.wait_for_function("step => document.getElementById('slider')?.value === String(step)", arg=step)


def said(page: Any) -> str:
    text: str = page.inner_text("#sentence .said")
    return text


def test_a_class_steps_through_a_lesson_by_keys_to_the_end_and_back(page: Any) -> None:
    told = assess(HIP, load_knowledge()).steps().steps
    last = len(told) - 1
    page.goto("/learn")
    no_violations(page)
    page.get_by_role("link", name="Step by step A runner whose right hip drops").press("Enter")
    at(page, 0)
    for number, step in enumerate(told):
        at(page, number)
        assert said(page) == step.sentence
        page.keyboard.press("ArrowRight")
    at(page, last)
    assert page.locator(".facts > li:visible").count() >= len(told[0].facts)
    page.keyboard.press("ArrowLeft")
    at(page, last - 1)
    page.keyboard.press("Home")
    at(page, 0)
    page.keyboard.press("End")
    at(page, last)
    page.get_by_role("button", name="Reset").click()
    at(page, 0)
    firsts = [n for n, s in enumerate(told) if n == 0 or (s.stratum or s.kind) != (told[n - 1].stratum or told[n - 1].kind)]
    for first in firsts[1:]:  # stage by stage
        page.keyboard.press("Shift+ArrowRight")
        at(page, first)
    assert page.locator(".stages [aria-current=step]").inner_text() == "Answer"
    page.get_by_role("button", name="Red flags", exact=True).click()
    at(page, 1)
    page.get_by_role("button", name="Next stage").click()
    at(page, 2)
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Step", exact=True).click()
    page.get_by_role("button", name="Step", exact=True).click()
    at(page, 2)
    assert page.locator(".reasoning .node.lit").count() >= 2
    assert page.locator(".reasoning .edges path.lit").count() >= 1
    assert page.locator(".balance:visible tbody tr").count() == min(8, len(told[2].balance))
    no_violations(page, "#lesson")


def test_it_runs_by_itself_until_space_stops_it_and_the_slider_goes_anywhere(page: Any) -> None:
    page.goto("/learn#lesson=motion.hip-drops")
    at(page, 0)
    page.clock.install()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pause").wait_for()
    page.clock.run_for(5200)
    at(page, 2)
    page.keyboard.press("Space")
    page.clock.run_for(10_000)
    at(page, 2)
    page.locator("#slider").fill("5")
    at(page, 5)
    page.get_by_role("button", name="Run").wait_for()


def test_a_link_opens_at_its_step_for_somebody_else_and_holds_ids_only(pages: Callable[..., Any]) -> None:
    page = pages()
    page.goto("/learn#lesson=motion.shoulder-hikes&step=5")
    at(page, 5)
    link = page.input_value("#link")
    assert link.endswith("/learn#lesson=motion.shoulder-hikes&step=5")
    other = pages(width=390)
    other.goto(link)
    at(other, 5)
    assert said(other) == said(page)
    no_violations(other)
    put_case(page, OWN)
    page.goto("/learn#own")
    page.wait_for_function("() => document.querySelector('#lesson h1')?.textContent === 'Your own case'")
    at(page, 0)
    page.keyboard.press("ArrowRight")
    at(page, 1)
    own = page.input_value("#link")
    assert own.endswith("/learn#case=hip-drop:r:running&step=1")
    assert page.url.endswith("/learn#own&step=1")
    other.goto(own)
    other.wait_for_function("() => document.querySelector('#lesson h1')?.textContent === 'A case from a link'")
    at(other, 1)
    assert said(other) == said(page)


def test_a_damaged_link_is_refused_kindly(page: Any) -> None:
    page.goto("/learn#case=%3Cimg%20src=x%20onerror=alert(1)%3E&step=3")
    page.wait_for_selector("#lesson .faults")
    assert "this link is damaged" in page.inner_text("#lesson")
    assert page.locator("#lesson img").count() == 0
    no_violations(page, "#lesson")


def test_why_takes_the_lessons_case_into_the_tab_and_undo_brings_ones_own_back(page: Any) -> None:
    page.goto("/learn")
    put_case(page, OWN)
    page.goto("/learn#lesson=motion.hip-drops&step=2")
    at(page, 2)
    page.locator("a[data-why]:visible").first.click()
    page.wait_for_url("**/why#*", wait_until="networkidle")
    assert {f["name"] for f in case_in(page)["findings"]} == {"hip drop", "hip abduction weak"}
    page.goto("/learn")  # a page without parts that ask anew with every change
    page.evaluate("() => window.myologic.undo()")
    assert case_in(page) == OWN


def test_a_learner_commits_first_and_then_sees_what_was_missed_and_over_called(page: Any) -> None:
    page.goto("/learn/quiz#lesson=motion.hip-drops")
    page.wait_for_selector("#commit")
    assert "supported" not in page.inner_text("main")
    commit = page.get_by_role("button", name="Commit, and see")
    commit.click()
    page.get_by_text("Say first whether a red flag is raised.").wait_for()
    page.get_by_label("No", exact=True).check()
    commit.click()
    page.get_by_text("Name a muscle, or say that you suspect none.").wait_for()
    page.get_by_label("Muscle or group").fill("gluteus medus")
    commit.click()
    page.locator("#call-fault").get_by_text("On which side, the patient's left or right?").wait_for()
    assert page.evaluate("() => document.activeElement.id") == "side"
    page.get_by_label("Side").select_option("left")
    page.get_by_label("State").select_option("weak")
    commit.click()  # what is typed and not yet added is meant as well
    page.locator("#call-fault").get_by_text("did you mean 'Gluteus medius'?").wait_for()
    for side in ("left", "right"):
        page.get_by_label("Muscle or group").fill("gluteus medius")
        page.get_by_label("Side").select_option(side)
        page.get_by_label("State").select_option("weak")
        page.get_by_label("Muscle or group").press("Enter")
        page.wait_for_selector(f'#calls [data-call="gluteus-medius:{side}:weak"]')
    no_violations(page, "#quiz")
    commit.click()
    page.wait_for_selector("#marked-title")
    page.get_by_text("Muscles: 1 of 2 found, 1 over-called").wait_for()
    assert "Gluteus minimus" in page.locator("section[aria-labelledby=v-missed]").inner_text()
    assert "nothing in this case speaks for it" in page.locator("section[aria-labelledby=v-over]").inner_text()
    assert page.evaluate("() => document.activeElement.id") == "marked-title"
    assert page.locator("#muscle").is_disabled()
    no_violations(page, "#marked")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_function("() => !document.querySelector('#marked-title') && !document.querySelector('#calls > li')")


def test_a_lecturers_own_pack_loads_with_its_faults_told_and_is_kept_in_the_tab(page: Any, tmp_path: Path) -> None:
    files = sorted((PACKS / "motion").glob("*.yaml"))
    broken = tmp_path / "hip-drops.yaml"
    whole = (PACKS / "motion" / "hip-drops.yaml").read_text(encoding="utf-8")
    broken.write_text(whole.replace("hip drop,", "no such sign,"), encoding="utf-8")
    page.goto("/learn")
    page.set_input_files("#pack-files", [broken, *(f for f in files if f.name != broken.name)])
    page.locator("#own-pack-read").get_by_text("hip-drops.yaml, line 6").wait_for()
    no_violations(page, "#own-pack-read")
    page.set_input_files("#pack-files", files)
    page.locator("#own-pack-read").get_by_role("link", name="Step by step Knees that cave in").click()
    at(page, 0)
    assert page.locator("#link").count() == 0, "an own pack has no link"
    page.get_by_role("link", name="Quiz", exact=True).click()
    page.wait_for_selector("#commit")
    assert "Both knees travel inward" in page.inner_text("#quiz")
