// The outlines of the body map as plain data: body-muscles (Apache-2.0) gives the paths, nothing of its code is served.
// An outline that has a side is told by its id without the side, and by the side, which is the patient's; one across the midline has none.
// The frames are our own: the package's would cut a hand off, and these have the midline in their middle.
import { createRequire } from "node:module";

const frames = {
  front: { viewBox: "-1.25 -1 34 94.5", middle: 15.75 },
  back: { viewBox: "35.575 -1 34 94.5", middle: 52.575 },
};
const sided = /^(.+)-(left|right)$/;

// `folder`: where the package lies.
export function outlines(folder) {
  const { MUSCLE_MAP: all } = createRequire(import.meta.url)(folder);
  const seen = (view) => all.filter((outline) => outline.view.toLowerCase() === view).map(region);
  return { views: Object.fromEntries(Object.entries(frames).map(([view, frame]) => [view, { ...frame, regions: seen(view) }])) };
}

function region({ id, name, path }) {
  const [, base = id, side = "midline"] = sided.exec(id) ?? [];
  return { id: base, name, side, paths: [path.trim()] };
}
