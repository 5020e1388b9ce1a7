"""Many pages in one window: each is written into the document of the one before it.

It is parsed, styled and run as when somebody goes there, from the same answer of the server. What a
window does around that, a process and a picture of each page, is spared: more than half of the
time.
"""

from __future__ import annotations

from playwright.sync_api import Page

_WRITE = """async (address) => {
  const answer = await fetch(address);
  const text = await answer.text();
  history.replaceState(null, "", answer.url);
  document.open();
  document.write(text);
  document.close();
  if (document.readyState !== "complete")
    await new Promise((done) => window.addEventListener("load", done, { once: true }));
  return answer.status;
}"""

#: What can be clicked or typed into and is shown, but for what a box of its own scrolls to, must
#: lie within the window and within every box that cuts off what leaves it.
_CRAMPED = """(butFor) => {
  const faults = [];
  const page = document.documentElement;
  if (page.scrollWidth > window.innerWidth) faults.push("it scrolls sideways");
  const controls = "a[href], button, summary, input:not([type=hidden]), select, textarea";
  for (const one of document.querySelectorAll(controls)) {
    if (one.closest(butFor)) continue;
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    const { left, right, width } = one.getBoundingClientRect();
    if (width <= 1) continue; // for those who hear the page
    const edges = [[0, window.innerWidth]];
    let scrolls = false;
    for (let box = one.parentElement; box && box !== page; box = box.parentElement) {
      const { overflowX, position } = getComputedStyle(box);
      scrolls ||= ["auto", "scroll"].includes(overflowX) && box.scrollWidth > box.clientWidth;
      const around = box.getBoundingClientRect();
      if (["hidden", "clip"].includes(overflowX)) edges.push([around.left, around.right]);
      if (position === "fixed") break;
    }
    if (!scrolls && edges.some(([from, to]) => left < from - 1 || right > to + 1))
      faults.push(`out of sight: ${(one.textContent.trim() || one.name || one.id).slice(0, 40)}`);
  }
  return faults;
}"""


def write(page: Page, address: str) -> int:
    """Show what this address, of the window's own site, answers; its status."""
    status: int = page.evaluate(_WRITE, address)
    return status


def cramped(page: Page, *, but_for: str) -> list[str]:
    """What of the page's width or of its controls one cannot see; ``but_for`` selects what is drawn
    in from the side when somebody wants it."""
    faults: list[str] = page.evaluate(_CRAMPED, but_for)
    return faults


def widen(page: Page, width: int) -> None:
    """Make the window so wide, with the same page in it."""
    size = page.viewport_size
    page.set_viewport_size({"width": width, "height": size["height"] if size else 900})
