"""The chain page in a browser: played to the end, narrowed, walked through by keyboard; the picture and the list always say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from seeing import no_violations, put_case

from expert import assess, load_case
from expert.contract import case_of
from expert.questions import Chain

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
SHOWN = """() => {
  const cy = document.getElementById("chain-picture")._cyreg.cy;
  const drawn = cy.elements().filter(e => !e.hasClass("away") && e.visible()).map(e => e.id());
  const named = name => [...document.querySelectorAll(`[data-${name}]`)].filter(e => e.checkVisibility()).map(e => e.dataset[name]);
  return JSON.stringify({picture: drawn.sort(), words: [...named("node"), ...named("link")].sort()});
}"""


def chain(name: str) -> Chain:
    return assess(load_case(EXAMPLES / f"{name}.yaml")).chain()


def opened(page: Any, name: str = "", fragment: str = "") -> Any:
    """The page with an example as the tab's case."""
    page.goto(f"/chain{fragment}")
    if name:
        page.locator(".empty").wait_for()
        written = assess(load_case(EXAMPLES / f"{name}.yaml")).result.stated.case
        assert written is not None
        put_case(page, case_of(written))
    page.wait_for_selector("#chain-picture canvas" if name or fragment else ".empty")
    return page


def shown(page: Any) -> list[str]:
    """The keys of the places and links that can be seen: in the picture and in the list, which must agree."""
    told = json.loads(page.evaluate(SHOWN))
    assert told["picture"] == told["words"]
    found: list[str] = told["words"]
    return found


def up_to(told: Chain, hop: int) -> list[str]:
    return sorted(key for h in told.hops[: hop + 1] for key in (*h.nodes, *h.links))


def test_the_hops_are_played_to_the_end_and_stepped_by_keys(page: Any) -> None:
    told = chain("runner")
    page.clock.install()
    opened(page, "runner")
    last = len(told.hops) - 1
    assert shown(page) == up_to(told, last)
    page.get_by_role("button", name="Play").click()
    for hop in range(last + 1):
        page.wait_for_function("text => document.getElementById('chain-now').textContent === text", arg=told.hops[hop].sentence)
        assert shown(page) == up_to(told, hop)
        page.clock.fast_forward(3300)
    page.get_by_role("button", name="Play").wait_for()  # it stopped by itself
    page.locator("h1").click()
    page.keyboard.press("ArrowLeft")
    assert page.locator("#chain-now").text_content() == told.hops[last - 1].sentence
    page.keyboard.press("ArrowRight")
    assert shown(page) == up_to(told, last)
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pause").wait_for()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Play").wait_for()
    page.get_by_label("Hop", exact=True).fill("0")
    assert shown(page) == up_to(told, 0)


def test_filters_narrow_the_picture_and_the_list_alike(page: Any) -> None:
    told = chain("runner")
    opened(page, "runner")
    page.get_by_label("Joint coupling").uncheck()
    kept = [x for x in told.links if x.kind != "joint-coupling"]
    assert shown(page) == sorted({key for x in kept for key in (x.key, x.start, x.to)})
    places = len({key for x in kept for key in (x.start, x.to)})
    assert page.locator("#chain-shown").text_content() == f"{places} of {len(told.nodes)} places, {len(kept)} of {len(told.links)} links"
    page.locator("#chain-filters").get_by_role("button", name="None").click()
    assert shown(page) == []
    page.get_by_label("Joint coupling").check()
    page.get_by_label("Ankle").check()
    kept = [x for x in told.links if x.kind == "joint-coupling" and "ankle" in x.joints]
    assert shown(page) == sorted({key for x in kept for key in (x.key, x.start, x.to)})
    page.locator("#chain-filters").get_by_role("button", name="All").click()
    page.get_by_label("left", exact=True).check()
    assert not [key for key in shown(page) if "pelvis-drop:right" in key]


def test_a_chosen_link_says_why_and_what_would_confirm_it_by_keyboard_alone(page: Any) -> None:
    opened(page, "runner")
    heel = page.locator('[data-link^="ankle-dorsiflexion-limited:left>heel-eversion:left"] button')
    heel.focus()
    chosen = page.locator("#chain-chosen")
    assert "an everted heel unlocks the midfoot" in chosen.inner_text()
    assert re.search(r"Strength 0\.50.*Grade D", chosen.inner_text())
    assert "To confirm or refute" in chosen.inner_text()
    assert chosen.get_by_role("link", name="In the knowledge").get_attribute("href") == "/knowledge/links/stiff-ankle-heel-everts"
    chosen.get_by_role("button", name="The left heel everts").press("Enter")
    assert chosen.get_by_role("link", name="Why?").get_attribute("href") == "/why#prediction:heel-eversion:left"
    assert "predicted, not checked yet" in chosen.inner_text()
    no_violations(page)
    chosen.get_by_role("button", name="Look one link further around it").click()
    page.wait_for_url("**/chain#around=heel-eversion:left")
    assert any("tibialis-posterior" in key for key in shown(page))
    page.get_by_role("button", name="Back to the case").click()
    page.wait_for_url("**/chain")


def test_a_place_in_the_picture_can_be_clicked(page: Any) -> None:
    opened(page, "runner")
    page.evaluate("() => document.getElementById('chain-picture').scrollIntoView({block: 'center'})")
    at = json.loads(page.evaluate("""() => {
      const cy = document.getElementById("chain-picture")._cyreg.cy, box = cy.container().getBoundingClientRect();
      cy.stop(true, true);
      const at = cy.getElementById("gluteus-medius:left:underactive").renderedPosition();
      return JSON.stringify([box.x + at.x, box.y + at.y]);
    }"""))
    page.mouse.click(*at)
    page.wait_for_function("() => document.querySelector('#chain-chosen h2')?.textContent.includes('Gluteus medius, left')")


def test_a_deep_muscle_is_reached_without_a_case_and_no_word_that_was_typed_stands_in_the_address(page: Any) -> None:
    opened(page)
    no_violations(page)
    page.get_by_label("and one link around").fill("deep calf")
    page.get_by_label("Side").select_option("left")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_selector("#chain-picture canvas")
    assert page.url.endswith("/chain#around=soleus:left")
    assert any(key.startswith("soleus:left") for key in shown(page))
    page.get_by_label("and one link around").fill("multifidus")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**/chain#around=multifidus:left")
    page.get_by_text("A deep muscle").wait_for()
    assert len(shown(page)) > 10


def test_a_taught_chain_is_linked_to_and_drawn_on_a_phone_without_motion(pages: Any) -> None:
    page = opened(pages(width=390, height=800, reduced_motion="reduce"), fragment="#taught=weak-hip-abductors:right")
    assert any(key.startswith("gluteus-medius:right:weak") for key in shown(page))
    page.get_by_role("button", name="Back", exact=True).click()
    assert page.evaluate("() => !document.getElementById('chain-picture')._cyreg.cy.animated()")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    no_violations(page)


def test_a_red_flag_stands_above_the_picture(page: Any) -> None:
    opened(page, "red-flag")
    flag, picture = (page.locator(place).first.bounding_box() for place in (".flag.emergency", "#chain-picture"))
    assert flag["y"] + flag["height"] < picture["y"]
    no_violations(page)
