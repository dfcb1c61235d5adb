// browser.mjs FOLDER [SHOTS]: opens each page of the folder in Chromium, light, dark, as narrow as a telephone and on paper. A page fails that logs anything, asks for anything, has a script, scrolls
// sideways, opens slowly, or in which axe-core finds something serious. SHOTS is where pictures of it are left, for people to look at.
import {readdirSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {resolve, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import puppeteer from 'puppeteer-core';

const [folder, shots] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const slow = Number(process.env.SLOW ?? 3000); // milliseconds until a page can be read
const thorough = 'advisory-3.html'; // in which axe-core looks at each look: the others have the same style
const crowded = 'crowded.html'; // so long that it is opened, and no more
const looks = [
  {name: 'light', scheme: 'light', width: 1280, height: 900},
  {name: 'dark', scheme: 'dark', width: 1280, height: 900},
  {name: 'phone', scheme: 'light', width: 390, height: 844},
];
let failures = 0;

function fail(file, what) {
  failures++;
  console.log(`${file}: ${what}`);
}

// watch notes all that a page should not do.
function watch(page, file, url) {
  page.on('console', m => fail(file, `console ${m.type()}: ${m.text()}`));
  page.on('pageerror', e => fail(file, `error: ${e.message}`));
  page.on('dialog', d => { fail(file, `dialog: ${d.message()}`); d.dismiss(); });
  page.on('request', r => { if (r.url() !== url) fail(file, `asks for ${r.url()}`); });
}

// sideways lists what makes a page wider than its window.
function sideways() {
  const most = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= most) return [];
  const wide = [...document.querySelectorAll('body *')].filter(e => !e.closest('.skip, thead') && e.getBoundingClientRect().right > most + 1);
  return wide.slice(0, 3).map(e => e.outerHTML.slice(0, 200)).concat('scrolls sideways');
}

// check runs axe-core in a world of its own: the page's policy lets no script run in the page itself, and a test that switched it off would test another page.
async function check(page, file, look) {
  const world = page.mainFrame().isolatedRealm();
  await world.evaluate(axe);
  const found = await world.evaluate(() => axe.run(document, {resultTypes: ['violations']}));
  for (const v of found.violations) {
    const at = v.nodes.slice(0, 2).map(n => n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? '')).join('\n    ');
    if (['serious', 'critical'].includes(v.impact)) fail(file, `axe (${look}): ${v.impact} ${v.id}: ${v.nodes.length} times\n    ${at}`);
    else console.log(`${file}: axe (${look}), ${v.impact}: ${v.id}: ${v.help}`);
  }
}

// open opens a page, and once more where that was slow: the machine may have had other work.
async function open(browser, file, look) {
  const first = await openOnce(browser, file, look);
  if (first.took <= slow) return first;
  await first.page.close();
  const second = await openOnce(browser, file, look);
  if (second.took > slow) fail(file, `opens in ${first.took} and ${second.took} ms (${look.name})`);
  return second;
}

async function openOnce(browser, file, look) {
  const page = await browser.newPage();
  const url = pathToFileURL(resolve(folder, file)).href;
  watch(page, file, url);
  await page.setViewport({width: look.width, height: look.height});
  await page.emulateMediaFeatures([{name: 'prefers-color-scheme', value: look.scheme}]);
  const begin = Date.now();
  await page.goto(url, {waitUntil: 'load'});
  await page.screenshot(); // it is there when it can be seen
  return {page, took: Date.now() - begin};
}

// unfold opens or closes all that is folded.
function unfold(open) {
  document.querySelectorAll('details').forEach(d => { d.open = open; });
}

async function visit(browser, file, look) {
  const {page, took} = await open(browser, file, look);
  const world = page.mainFrame().isolatedRealm();
  for (const s of await world.evaluate(sideways)) fail(file, `${look.name}: ${s}`);
  if (await world.evaluate(() => document.scripts.length) > 0) fail(file, 'has a script');
  if (file !== crowded) {
    if (shots) await page.screenshot({path: join(shots, `${file}-${look.name}.png`), fullPage: true});
    await world.evaluate(unfold, true);
    for (const s of await world.evaluate(sideways)) fail(file, `${look.name}, unfolded: ${s}`);
    if (look.name === 'light' || file === thorough) await check(page, file, look.name);
    await world.evaluate(unfold, false);
    if (look.name === 'light') await page.pdf({path: shots && join(shots, `${file}.pdf`), format: 'A4', margin: {top: '15mm', bottom: '15mm', left: '15mm', right: '15mm'}});
  }
  console.log(`${file}: ${look.name}: ${took} ms`);
  await page.close();
}

const browser = await puppeteer.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--hide-scrollbars']});
try {
  for (const file of readdirSync(folder).filter(f => f.endsWith('.html'))) {
    for (const look of looks) await visit(browser, file, look);
  }
} finally {
  await browser.close();
}
process.exitCode = failures > 0 ? 1 : 0;
