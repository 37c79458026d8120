/**
 * `npm run docs`: the documents as a site of static pages, in site/. Fails when a link leads nowhere.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { homeOf, isWithin, pageOf, sections, slug, titleOf } from "./pages.ts";

const OUTPUT = "site";
const STYLE = readFileSync(new URL("page.css", import.meta.url), "utf8");

/** What Eleventy is to do. */
export default function configure(eleventy) {
  // Documents have braces of their own, and no front matter.
  eleventy.addGlobalData("eleventyComputed", {
    permalink: (data) => pageOf(data.page.inputPath.replace(/^\.\//, "")),
  });
  for (const place of ["node_modules", "dist", "test", "bench", ".github", OUTPUT, "control", "proxy"]) {
    eleventy.ignores.add(`${place}/**`);
  }
  eleventy.addPassthroughCopy("docs/*.{png,svg}");
  eleventy.addPassthroughCopy("examples");
  eleventy.addPassthroughCopy("LICENSE");
  eleventy.amendLibrary("md", (markdown) => {
    markdown.set({ html: false, linkify: false });
    markdown.core.ruler.push("anchors", addAnchors);
  });
  eleventy.addTransform("page", function wrap(content) {
    const input = this.page.inputPath.replace(/^\.\//, "");
    return document(linksOf(content, input), input);
  });
  eleventy.on("eleventy.after", ({ results }) => {
    const broken = results.flatMap(({ outputPath, content }) => deadLinks(outputPath, content));
    if (broken.length > 0) throw new Error(`Links that lead nowhere:\n${broken.join("\n")}`);
  });
  return {
    dir: { input: ".", output: OUTPUT },
    templateFormats: ["md"],
    markdownTemplateEngine: false,
  };
}

/** Gives headings the anchors that GitHub gives them. */
function addAnchors({ tokens }) {
  tokens.forEach((token, index) => {
    if (token.type === "heading_open") token.attrSet("id", slug(tokens[index + 1].content));
  });
}

/** Leads links between documents to pages, and takes those to sources and folders away. */
function linksOf(html, input) {
  return html.replaceAll(/<a href="([^"]+)">([^]*?)<\/a>/g, (link, href, text) => {
    if (!isWithin(href)) return link;
    const [path, anchor] = href.split("#");
    const target = path === "" ? input : join(input, "..", path);
    if (!/\.md$|^LICENSE$|^examples\/.*\.\w+$/.test(target)) return text;
    const hash = anchor === undefined ? "" : `#${anchor}`;
    return `<a href="${homeOf(input)}${pageOf(target)}${hash}">${text}</a>`;
  });
}

/** A whole page around what a document says. */
function document(content, input) {
  const home = homeOf(input);
  const items = ({ name, pages }) =>
    `<li>${name}<ul>${pages
      .map((path) => {
        const here = path === input ? ' aria-current="page"' : "";
        return `<li><a href="${home}${pageOf(path)}"${here}>${titleOf(path)}</a></li>`;
      })
      .join("")}</ul></li>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${titleOf(input)} · Sluice</title><style>${STYLE}</style></head>
<body><nav aria-label="Documents"><a class="home" href="${home}index.html">Sluice</a><ul>${sections()
    .map(items)
    .join("")}</ul></nav><main>${content}</main></body></html>
`;
}

/** Links of a page that lead to no file, or to no anchor of it. */
function deadLinks(outputPath, content) {
  return [...content.matchAll(/(?:href|src)="([^"]+)"/g)]
    .map(([, href]) => href)
    .filter(isWithin)
    .filter((href) => {
      const [path, anchor] = href.split("#");
      const file = path === "" ? outputPath : join(outputPath, "..", path);
      if (!existsSync(file)) return true;
      return anchor !== undefined && !readFileSync(file, "utf8").includes(`id="${anchor}"`);
    })
    .map((href) => `${outputPath}: ${href}`);
}
