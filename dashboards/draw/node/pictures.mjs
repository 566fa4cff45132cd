// Bundles the page, serves it on loopback, and has a browser take pictures of it.

import { access, constants, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const MODULES = path.join(ROOT, 'node_modules');
const MARGIN = 16;

/** Pictures in both themes; returns their names and what the page says of each panel. */
export async function takePictures(drawing, options) {
  const server = await serve(drawing, await bundle());
  const browser = await puppeteer.launch({
    executablePath: await findBrowser(options.chromium),
    args: ['--no-sandbox', '--disable-gpu', '--hide-scrollbars'],
  });
  try {
    const drawn = { pictures: [], console: [], panels: {} };
    for (const theme of ['dark', 'light']) {
      await takePicture(browser, `${server.url}?theme=${theme}`, theme, drawing, options, drawn);
    }
    return { ...drawn, console: [...new Set(drawn.console)] };
  } finally {
    await browser.close();
    server.close();
  }
}

async function takePicture(browser, url, theme, drawing, options, drawn) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => drawn.console.push(error.message));
  page.on('console', (message) => {
    const where = message.location().url ?? '';
    if (['error', 'warn'].includes(message.type()))
      drawn.console.push(`${message.text()} ${where}`);
  });
  // As high as the dashboard, so that nothing is drawn only once somebody scrolls to it.
  await page.setViewport({
    width: options.width + 2 * MARGIN,
    height: Math.ceil(drawing.height) + 200,
  });
  await page.goto(url);
  await page.waitForFunction(() => globalThis.weirDrawn, { timeout: 60_000 });
  drawn.panels = await page.evaluate(() => globalThis.weirDrawn);
  const file = `${options.out}.${theme}.png`;
  await page.screenshot({ path: file, fullPage: true });
  drawn.pictures.push(file);
  for (const element of options.panels ? await page.$$('[data-panel]') : []) {
    const id = await element.evaluate((node) => node.dataset.panel);
    const one = `${options.out}.${theme}.${id}.png`;
    await element.screenshot({ path: one });
    drawn.pictures.push(one);
  }
  await page.close();
}

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [path.join(ROOT, 'page/main.tsx')],
    bundle: true,
    write: false,
    outdir: '/',
    format: 'esm',
    splitting: false,
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    // Fonts of an editor that no panel shows.
    loader: { '.ttf': 'empty' },
    logLevel: 'error',
  });
  const text = (ending) => outputFiles.find((file) => file.path.endsWith(ending))?.text ?? '';
  return {
    '/page.js': [text('.js'), 'text/javascript; charset=utf-8'],
    '/page.css': [text('.css'), 'text/css; charset=utf-8'],
  };
}

const HTML = `<!doctype html><meta charset="utf-8"><title>dashboard</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css"><body style="margin:0"><div id="root"></div>
<script>window.__grafana_public_path__ = '/public/';</script>
<script type="module" src="/page.js"></script>`;

// What Grafana's components ask its server for: icons, which come with them, and fonts.
const PUBLIC = [
  [
    /\/img\/icons\/(\w+\/[\w-]+\.svg)$/,
    (icon) => `@grafana/ui/dist/public/img/icons/${icon}`,
    'image/svg+xml',
  ],
  [
    /\/Inter-(Regular)\.woff2$/,
    () => '@fontsource/inter/files/inter-latin-400-normal.woff2',
    'font/woff2',
  ],
  [
    /\/Inter-(Medium)\.woff2$/,
    () => '@fontsource/inter/files/inter-latin-500-normal.woff2',
    'font/woff2',
  ],
  [
    /\/fonts\/(roboto)\//,
    () => '@fontsource/roboto-mono/files/roboto-mono-latin-400-normal.woff2',
    'font/woff2',
  ],
];

async function publicFile(pathname) {
  for (const [pattern, file, type] of PUBLIC) {
    const found = pattern.exec(pathname);
    if (found)
      return [await readFile(path.join(MODULES, file(found[1]))).catch(() => undefined), type];
  }
  return [undefined, 'text/plain'];
}

function serve(drawing, files) {
  const known = {
    '/': [HTML, 'text/html; charset=utf-8'],
    '/drawing.json': [JSON.stringify(drawing), 'application/json'],
    ...files,
  };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const [body, type] = known[pathname] ?? (await publicFile(pathname));
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type });
    response.end(body);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const url = `http://127.0.0.1:${server.address().port}/`;
      resolve({ url, close: () => server.close() });
    });
  });
}

async function findBrowser(name) {
  if (path.isAbsolute(name)) return name;
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  throw new Error(`there is no ${name} on the PATH; --chromium names one`);
}
