/**
 * markdown.js - the project's documents as simple HTML pages of the site.
 *
 * Knows the Markdown that these documents use: headings, paragraphs, lists, tables, code, links, emphasis. A link to a file
 * that the site lacks becomes plain text.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'src/README.md',
  'web/README.md',
  'web/elements/README.md',
  'web/models/README.md',
  'web/models/tales.md',
  'web/models/poems.md',
  'examples/course-note/README.md',
  'tests/README.md',
  'tests/bench/SPEED.md',
];

/** @param {string} path of a document @returns {string} its page's name */
const pageOf = (path) => path.replaceAll('/', '-').replace(/\.md$/, '.html');

/** @param {string} text */
const escaped = (text) =>
  text.replace(/[&<>"]/g, (c) => `&#${/** @type {number} */ (c.codePointAt(0))};`);

/** GitHub's anchor of a heading. @param {string} heading */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

/** @param {string} words of a link, as HTML @param {string} address @param {string} from the document */
function linkOf(words, address, from) {
  if (/^(https?:|#)/.test(address)) return `<a href="${address}">${words}</a>`;
  const [path, anchor] = address.split('#');
  const target = normalize(join(dirname(from), path)).replace(/\/$/, '/README.md');
  if (!DOCUMENTS.includes(target)) return words;
  return `<a href="${pageOf(target)}${anchor ? `#${anchor}` : ''}">${words}</a>`;
}

/** Marks inside a line. @param {string} text @param {string} from the document */
function inline(text, from) {
  return text
    .split(/(`[^`]+`)/)
    .map((part) =>
      /^`.+`$/.test(part)
        ? `<code>${escaped(part.slice(1, -1))}</code>`
        : escaped(part)
            .replace(/!\[([^\]]*)\]\([^)]*\)/g, '')
            .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_, words, to) => linkOf(words, to, from))
            .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
            .replace(/\*([^*\s][^*]*)\*/g, '<em>$1</em>'),
    )
    .join('');
}

/** @param {string} line @param {'th' | 'td'} cell @param {string} from */
const rowOf = (line, cell, from) =>
  `<tr>${line
    .replace(/^\||\|\s*$/g, '')
    .split(/(?<!\\)\|/)
    .map((text) => `<${cell}>${inline(text.trim().replaceAll('\\|', '|'), from)}</${cell}>`)
    .join('')}</tr>`;

/** A block of lines without an empty one. @param {string} block @param {string} from */
function blockOf(block, from) {
  const heading = block.match(/^(#+) (.*)$/);
  if (heading) {
    const [, { length }, text] = heading;
    return `<h${length} id="${anchorOf(text)}">${inline(text, from)}</h${length}>`;
  }
  const lines = block.split('\n');
  if (/^\|?[\s|:-]+$/.test(lines[1] ?? '') && lines[0].includes('|')) {
    const [head, , ...rows] = lines;
    const body = rows.map((row) => rowOf(row, 'td', from)).join('\n');
    return `<div class="scroll" tabindex="0"><table><thead>${rowOf(head, 'th', from)}</thead><tbody>\n${body}</tbody></table></div>`;
  }
  if (!/^(- |\d+\. )/.test(block)) return `<p>${inline(lines.join(' '), from)}</p>`;
  const list = block.startsWith('- ') ? 'ul' : 'ol';
  const items = block.split(/\n(?=- |\d+\. )/).map((item) => item.replace(/^(- |\d+\. )/, ''));
  return `<${list}>\n${items.map((item) => `<li>${inline(item.replace(/\s*\n\s*/g, ' '), from)}</li>`).join('\n')}\n</${list}>`;
}

/** The HTML of a document. @param {string} text @param {string} from its path */
export function markdownHtml(text, from) {
  const parts = text.replace(/<!--[\s\S]*?-->/g, '').split(/^(```[^\n]*\n[\s\S]*?^```)$/m);
  return parts
    .flatMap((part) => {
      const code = part.match(/^```[^\n]*\n([\s\S]*)^```$/m);
      if (part.startsWith('```') && code)
        return [`<pre tabindex="0"><code>${escaped(code[1])}</code></pre>`];
      const blocks = part
        .replace(/^(#+ .*)$/gm, '\n$1\n')
        .split(/\n{2,}/)
        .map((block) => block.trim());
      return blocks.filter(Boolean).map((block) => blockOf(block, from));
    })
    .join('\n');
}

/** @param {string} title @param {string} body */
const pageHtml = (title, body) => `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; img-src data:">
  <meta name="color-scheme" content="light dark">
  <title>${escaped(title)}</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="reference.css">
</head>
<body>
<nav><a href="../en.html">The note</a> <a href="index.html">Reference</a></nav>
<main>
${body}
</main>
</body>
</html>
`;

const STYLE = `body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem / 1.6 system-ui, sans-serif; }
nav a { margin-right: 1rem; }
pre, .scroll { overflow-x: auto; }
pre { padding: 0.75rem; border: 1px solid #8884; }
code { font: 0.9375em ui-monospace, Menlo, Consolas, monospace; }
table { border-collapse: collapse; }
:is(th, td) { padding: 0.25rem 0.75rem 0.25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
`;

/** The list of pages. @param {[name: string, title: string][]} pages */
const listOf = (pages) =>
  `<h1>Reference</h1>\n<ul>\n${pages.map(([name, title]) => `<li><a href="${name}">${escaped(title)}</a></li>`).join('\n')}
<li><a href="../web/index.html">Playground</a></li>
<li>Examples: <a href="../examples/embed/index.html">embed</a>, <a href="../examples/inside/index.html">inside</a>,
<a href="../examples/train/index.html">train</a>, <a href="../examples/acrostic/index.html">acrostic</a></li>
</ul>`;

/** Writes reference/ into the site. @param {string} root of the project @param {string} site */
export async function referencePages(root, site) {
  const folder = join(site, 'reference');
  await mkdir(folder, { recursive: true });
  /** @type {[string, string][]} */ const pages = [];
  for (const path of DOCUMENTS) {
    const text = await readFile(join(root, path), 'utf8');
    const title = text.match(/^# (.*)$/m)?.[1] ?? path;
    await writeFile(join(folder, pageOf(path)), pageHtml(title, markdownHtml(text, path)));
    pages.push([pageOf(path), `${path}: ${title}`]);
  }
  await writeFile(join(folder, 'index.html'), pageHtml('Reference', listOf(pages)));
  await writeFile(join(folder, 'reference.css'), STYLE);
}
