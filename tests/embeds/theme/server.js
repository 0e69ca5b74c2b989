/**
 * server.js - a MyST theme for tests: answers /SLUG with the page's tree as JSON and the script that draws it.
 *
 * `myst build --html` starts it with PORT and CONTENT_CDN_PORT, the port of the content, and stores each answer.
 */
import { createServer } from 'node:http';

const { PORT, CONTENT_CDN_PORT } = process.env;
const content = `http://localhost:${CONTENT_CDN_PORT}/content/`;

/** @param {string} json */
const page = (json) => `<!doctype html>
<html lang="en">
<meta charset="utf-8" />
<title>Course notes</title>
<style>main { max-width: 46rem; margin: 2rem auto; font: 1rem/1.6 system-ui, sans-serif }</style>
<main></main>
<script type="application/json">${json.replaceAll('<', '\\u003c')}</script>
<script type="module" src="/page.js"></script>
</html>
`;

createServer(async (request, response) => {
  const slug = (request.url ?? '/').replace(/^\/|\.json$|\/$/g, '') || 'index';
  const answer = await fetch(`${content}${slug}.json`);
  if (!answer.ok) return response.writeHead(200).end(); // robots.txt and the like
  const json = await answer.text();
  return response.end(request.url?.endsWith('.json') ? json : page(json));
}).listen(Number(PORT), () => console.log(`http://localhost:${PORT}`));
