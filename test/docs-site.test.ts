import { expect, test } from "vitest";
import { pageOf, sections, slug } from "../docs/site/pages.ts";
import { anchorsOf, pages, proseOf } from "./support/documents.ts";

/*
 * Goal: the site of `npm run docs` has every document, and the anchors that documents link to.
 * Method: what makes it, on the documents themselves. The build looks for links that lead nowhere.
 */

const PAGES = pages();

test("The site's list of documents has each page of docs/ that README leads to", () => {
  const listed = sections().flatMap(({ pages: paths }) => paths);
  const docs = PAGES.map(({ path }) => path).filter((path) => /^docs\/[\w-]+\.md$/.test(path));
  expect(listed.filter((path) => !PAGES.some((page) => page.path === path))).toEqual([]);
  // Those are found from Consul and TLS, and from Rollouts.
  const elsewhere = docs.filter((path) => !listed.includes(path));
  expect(elsewhere.length).toBeLessThan(5);
});

test("slug() makes the anchors that links are checked against", () => {
  for (const page of PAGES) {
    const headings = [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
    expect(new Set(headings.map(slug))).toEqual(anchorsOf(page));
  }
});

test("pageOf() makes README the first page", () => {
  expect([pageOf("README.md"), pageOf("docs/tls.md")]).toEqual(["index.html", "docs/tls.html"]);
});
