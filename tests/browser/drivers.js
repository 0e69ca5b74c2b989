/**
 * drivers.js - opens an address in a real headless browser and evaluates expressions in it.
 *
 * Chromium and Firefox use puppeteer-core; WebKit (Safari's engine) uses WebKitWebDriver: W3C WebDriver
 * over HTTP on a virtual display. A driver is { find, open }: find() returns the browser's path or
 * undefined, open(url) a Tab. launch(name) is puppeteer's Browser, for tests that need more than a Tab.
 * CHROMIUM and FIREFOX override the binaries; BROWSERS=Firefox,WebKit selects.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import puppeteer from 'puppeteer-core';

/**
 * evaluate() rejects if the expression throws or the page's process ends; until() waits for an expression to be
 * true, by default 30 s, and says `what` was not.
 * @typedef {{ evaluate: (expression: string) => Promise<any>, close: () => Promise<void>,
 *   until: (expression: string, what?: string, seconds?: number) => Promise<void> }} Tab
 */
/** @typedef {{ find: () => string | undefined, open: (url: string) => Promise<Tab> }} Driver */

/** The first existing path. @param {(string | undefined)[]} paths */
const first = (paths) => paths.find((path) => path && existsSync(path));

const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @param {Pick<Tab, 'evaluate' | 'close'>} tab @returns {Tab} */
const withUntil = (tab) => ({
  ...tab,
  async until(expression, what = expression, seconds = 30) {
    const end = performance.now() + 1000 * seconds;
    while (!(await tab.evaluate(expression))) {
      if (performance.now() > end) throw new Error(`in ${seconds} s not true: ${what}`);
      await sleep(100);
    }
  },
});

/**
 * @param {'Chromium' | 'Firefox'} name
 * @param {import('puppeteer-core').LaunchOptions} [options] args: further flags of Chromium
 */
export function launch(name, { args = [], ...options } = {}) {
  const own =
    name === 'Firefox'
      ? /** @type {const} */ ({ browser: 'firefox' })
      : { args: [...chromiumFlags, ...args] };
  const executablePath = drivers[name].find();
  return puppeteer.launch({ protocolTimeout: 600_000, executablePath, ...own, ...options });
}

/** @param {'Chromium' | 'Firefox'} name @param {string} url @returns {Promise<Tab>} */
async function openPage(name, url) {
  const browser = await launch(name);
  const page = await browser.newPage();
  /** Rejects when the page's process ends; puppeteer answers no pending evaluation then. */
  const ended = new Promise((_, reject) => {
    for (const event of /** @type {const} */ (['error', 'close']))
      page.once(event, (e) => reject(new Error(`the page ended: ${e?.message ?? event}`)));
  });
  ended.catch(() => {}); // also when nothing is evaluated
  await page.goto(url);
  return withUntil({
    evaluate: (expression) => Promise.race([page.evaluate(expression), ended]),
    close: () => browser.close(),
  });
}

/** @type {Driver} */
const chromium = {
  find: () =>
    first([process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chrome']),
  open: (url) => openPage('Chromium', url),
};

/** @type {Driver} */
const firefox = {
  find: () => first([process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox']),
  open: (url) => openPage('Firefox', url),
};

/** A free port. @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** Sends a WebDriver command. @param {string} base @param {string} method @param {string} path @param {any} [body] */
async function command(base, method, path, body) {
  const response = await fetch(base + path, {
    method,
    body: body && JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`WebDriver ${path}: ${value?.error}: ${value?.message}`);
  return value;
}

/** Starts a virtual display; resolves with its name. */
function startDisplay() {
  const stdio = /** @type {const} */ (['ignore', 'ignore', 'ignore', 'pipe']);
  const xvfb = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x1024x24'], { stdio });
  return new Promise((resolve, reject) => {
    xvfb.on('error', reject);
    xvfb.on('exit', (status) => reject(new Error(`Xvfb ended with ${status}`)));
    const pipe = /** @type {import('node:stream').Readable} */ (xvfb.stdio[3]);
    pipe.on('data', (text) => resolve({ xvfb, display: `:${String(text).trim()}` }));
  });
}

/** Debian's path of WebKit's small browser. */
function miniBrowser() {
  for (const name of ['libwebkit2gtk-4.1-0', 'libwebkitgtk-6.0-4', 'libwebkit2gtk-4.0-37']) {
    try {
      const list = execFileSync('dpkg', ['-L', name], { stdio: ['ignore', 'pipe', 'ignore'] });
      const found = list
        .toString()
        .split('\n')
        .find((path) => path.endsWith('/MiniBrowser'));
      if (found) return found;
    } catch {
      // Another version, or not Debian.
    }
  }
  return undefined;
}

/** @type {Driver} */
const webkit = {
  find: () =>
    first(['/usr/bin/WebKitWebDriver']) && first(['/usr/bin/Xvfb']) && first([miniBrowser()]),
  async open(url) {
    const { xvfb, display } = await startDisplay();
    const port = await freePort();
    const env = {
      ...process.env,
      DISPLAY: display,
      LIBGL_ALWAYS_SOFTWARE: '1',
      // Its sandbox refuses to run as root (containers do); the pages are our own.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
    };
    const args = [`--port=${port}`, '--host=127.0.0.1'];
    const server = spawn('WebKitWebDriver', args, { env, stdio: 'ignore' });
    const base = `http://127.0.0.1:${port}`;
    const end = async () => {
      server.kill();
      xvfb.kill();
    };
    try {
      for (let i = 0; ; i++) {
        const up = await command(base, 'GET', '/status').catch(() => undefined);
        if (up) break;
        if (i > 100) throw new Error('WebKitWebDriver does not answer');
        await sleep(100);
      }
      const browserOptions = { binary: webkit.find(), args: ['--automation'] };
      const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': browserOptions } };
      const { sessionId } = await command(base, 'POST', '/session', { capabilities });
      const session = `/session/${sessionId}`;
      await command(base, 'POST', `${session}/timeouts`, { script: 600_000 });
      await command(base, 'POST', `${session}/url`, { url });
      const script = 'const f = arguments[arguments.length - 1];';
      return withUntil({
        evaluate: (expression) =>
          command(base, 'POST', `${session}/execute/async`, {
            script: `${script} Promise.resolve(${expression}).then(f, (e) => f('thrown: ' + e));`,
            args: [],
          }),
        close: async () => {
          await command(base, 'DELETE', session).catch(() => {});
          await end();
        },
      });
    } catch (e) {
      await end();
      throw e;
    }
  },
};

/** @type {Record<string, Driver>} */
export const drivers = { Chromium: chromium, Firefox: firefox, WebKit: webkit };

/** The browsers that tests use. */
export const chosen = process.env.BROWSERS?.split(',') ?? Object.keys(drivers);
/** Why tests of a browser are skipped; false if they are not. @param {string} name */
export const missing = (name) => (drivers[name].find() ? false : `${name} is not installed`);
