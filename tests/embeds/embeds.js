/**
 * embeds.js - builds every recipe of examples/embeds with its host's own tool, opens it in Chromium and uses its
 * figures: `make test-embeds`. ONLY=mkdocs,reveal selects recipes.
 *
 * A recipe's folder is copied to build/embeds/copies/NAME, where https://course.example becomes the site's server, and
 * https://jielong.example a server of build/dist on another site, as for a course page that uses a distant copy. Screenshots are in build/embeds/shots.
 */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { drivers, launch, missing } from '../browser/drivers.js';
import { dist, noDist, root } from '../helpers/paths.js';
import { startServer } from '../helpers/server.js';
import { reason, recipes, runAll } from './recipes.js';
import { stopServers } from './tools.js';
import { openVisit } from './visit.js';

const PLACE = 'https://jielong.example';
const COURSE = 'https://course.example';
const only = process.env.ONLY?.split(',');
const chosen = recipes.filter(({ name }) => !only || only.includes(name.split(' ')[0]));

/** @type {import('puppeteer-core').Browser} */
let browser;
/** Serves build/dist. @type {import('../helpers/server.js').TestServer} */
let figures;

before(async () => {
  figures = await startServer({
    isolate: false,
    roots: [['/', dist]],
    answer(_, response) {
      response.setHeader('Access-Control-Allow-Origin', '*');
      return false;
    },
  });
  if (drivers.Chromium.find()) browser = await launch('Chromium');
});
after(async () => {
  await browser?.close();
  figures.close();
  await stopServers();
});

/**
 * A copy of a recipe's folder with the address of the figures, and of the site.
 * @param {string} folder of examples/embeds @param {string} work @param {string} [site]
 */
function copy(folder, work, site = COURSE) {
  rmSync(work, { recursive: true, force: true });
  cpSync(join(root, 'examples', 'embeds', folder), work, { recursive: true });
  const place = figures.origin.replace('127.0.0.1', 'localhost');
  for (const name of readdirSync(work, { recursive: true }).map(String)) {
    const file = join(work, name);
    if (!statSync(file).isFile()) continue;
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replaceAll(PLACE, place).replaceAll(COURSE, site));
  }
}

/** Serves a site; browsers ask every site for an icon. @param {string} folder */
const startSite = (folder) =>
  startServer({
    isolate: false,
    roots: [['/', folder]],
    answer: ({ url }, response) => url === '/favicon.ico' && Boolean(response.writeHead(204).end()),
  });

/** @param {import('./recipes.js').Recipe} recipe */
async function check(recipe) {
  const name = recipe.name.replace(/\W+/g, '-').replace(/-$/, '');
  const work = join(root, 'build', 'embeds', 'copies', name);
  const site = recipe.site === undefined ? undefined : await startSite(join(work, recipe.site));
  copy(recipe.folder, work, site?.origin);
  const visit = await openVisit(browser, name, recipe.allowed);
  try {
    const address = await recipe.build?.(work);
    await visit.page.goto(site ? `${site.origin}/` : String(address));
    await (recipe.steps?.(visit, work) ?? runAll(visit, recipe.figures));
    visit.quiet();
  } catch (error) {
    await visit.shot('failed').catch(() => {});
    throw error;
  } finally {
    await visit.page.close();
    site?.close();
  }
}

for (const recipe of chosen) {
  const skip = noDist || missing('Chromium') || reason(recipe);
  test(recipe.name, { skip, timeout: 300_000 }, () => check(recipe));
}
