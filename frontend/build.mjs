// Puts what the pages are served with into expert/web/vendor/: the few files of each package, its licence, and the outlines of the body.
// npm ci has checked every package against the lock file before this runs; nothing is fetched here.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "node_modules");
const vendor = join(here, "..", "expert", "web", "vendor");

// What is served, by package. dagre's file carries graphlib and lodash inside, so their licences travel too.
const served = {
  "htmx.org": ["dist/htmx.min.js"],
  idiomorph: ["dist/idiomorph-ext.min.js"],
  cytoscape: ["dist/cytoscape.min.js"],
  dagre: ["dist/dagre.min.js"],
  "body-muscles": [],
  graphlib: [],
  lodash: [],
};

function about(name) {
  return JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8"));
}

function licence(name) {
  const found = ["LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE"].map((file) => join(packages, name, file)).filter(existsSync);
  if (!found.length) throw new Error(`${name} has no licence file`);
  return found.map((file) => readFileSync(file, "utf8").trim()).join("\n\n");
}

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor, { recursive: true });
for (const [name, files] of Object.entries(served)) {
  for (const file of files) cpSync(join(packages, name, file), join(vendor, file.split("/").at(-1)));
}
const titles = Object.keys(served).map((name) => [`${name} ${about(name).version} (${about(name).license})`, licence(name)]);
writeFileSync(join(vendor, "LICENSES.txt"), titles.map(([title, text]) => `${title}\n${"=".repeat(title.length)}\n\n${text}\n`).join("\n\n"));

if (existsSync(join(here, "bodymap.mjs"))) {
  const { outlines } = await import("./bodymap.mjs");
  writeFileSync(join(vendor, "body-muscles.json"), JSON.stringify(await outlines(join(packages, "body-muscles"))));
}
writeFileSync(join(vendor, "versions.json"), JSON.stringify(Object.fromEntries(Object.keys(served).map((n) => [n, about(n).version])), null, 1) + "\n");
console.log(`frontend: ${Object.keys(served).length} packages into expert/web/vendor`);
