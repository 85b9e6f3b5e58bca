// The page in a real browser: asks, looks at results, explains, opens a document, in English and Chinese, wide and
// narrow, light and dark. Needs node, playwright-core (npm install --no-save playwright-core) and chromium; says
// SKIPPED and exits 77 where one of them is absent.
//
//   node tests/browser/page_test.mjs [--program build/release/attune] [--pictures FOLDER]
//   node tests/browser/page_test.mjs --url http://127.0.0.1:8080 --ask "a question" --expect PATH [--pictures FOLDER]

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    program: { type: "string", default: "build/release/attune" },
    url: { type: "string" },
    ask: { type: "string", default: "when is the hive inspected" },
    expect: { type: "string", default: "bees.md" },
    pictures: { type: "string" },
  },
});

function skip(reason) {
  console.log(`SKIPPED: ${reason}`);
  process.exit(77);
}

const chromiumPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (!chromiumPath) skip("no chromium is installed");
const { chromium } = await import("playwright-core").catch(() => skip("playwright-core is not installed"));
if (!options.url && !existsSync(options.program)) skip(`${options.program} is not built`);

const scratch = mkdtempSync(join(tmpdir(), "attune-page-"));
const pictures = options.pictures ?? join(scratch, "pictures");
mkdirSync(pictures, { recursive: true });

// A folder of our own, served by the program on a free port.
async function serveSample() {
  const folder = join(scratch, "farm");
  mkdirSync(folder);
  const filler = "Nothing else happens on this day, and nobody writes it down. ".repeat(12);
  writeFileSync(join(folder, "bees.md"),
    `# Bees\n\n## Inspection\n\nThe hive is inspected every second week, at noon. ${filler}\n\n` +
    "<img src=x onerror=\"document.title='broken in'\">\n\n```sh\nhive --inspect <b>now</b>\n```\n");
  writeFileSync(join(folder, "蜜蜂.md"), "# 蜜蜂\n\n## 检查\n\n蜂箱每两周检查一次，在中午进行。\n");
  const database = join(scratch, "farm.db");
  execFileSync(options.program, ["index", folder, "--db", database], { stdio: ["ignore", "ignore", "inherit"] });
  const server = spawn(options.program, ["serve", "--port", "0", "--db", database], { stdio: ["ignore", "pipe", "inherit"] });
  const url = await new Promise((resolve, reject) => {
    let said = "";
    server.stdout.on("data", (data) => {
      said += data;
      const found = said.match(/http:\/\/[^\s]+/);
      if (found) resolve(found[0]);
    });
    server.on("exit", (code) => reject(new Error(`serve ended with ${code}`)));
  });
  return { url, server };
}

async function openPage(browser, url, context) {
  const page = await (await browser.newContext(context)).newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && page.faults.push(message.text()));
  await page.goto(url);
  return page;
}

const picture = (page, name, fullPage = false) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage });

async function testDesktop(browser, url) {
  const page = await openPage(browser, url, { viewport: { width: 1200, height: 900 }, locale: "en-US" });
  await page.waitForSelector(".examples button");
  await picture(page, "start");
  await page.locator("#home").focus();
  await page.keyboard.press("/");
  await page.keyboard.type(options.ask);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".hit");
  const places = await page.locator(".hit .where").allTextContents();
  assert.ok(places.slice(0, 3).some((place) => place.includes(options.expect)), `${options.expect} not in the first three: ${places}`);
  assert.ok((await page.locator(".hit mark").count()) > 0, "no word is marked");
  assert.ok(new URL(page.url()).searchParams.get("q") === options.ask, "the address does not carry the question");
  await picture(page, "results", true);

  await page.locator("#explain").check();
  await page.waitForSelector(".hit .parts");
  await picture(page, "explained", true);
  const whole = page.locator(".hit button[aria-expanded=false]").first();
  if (await whole.count()) {
    await whole.click();
    assert.ok(await page.locator(".passage.whole").first().isVisible());
  }

  await page.locator("#query").focus();
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => document.activeElement.closest(".hit") !== null), true, "ArrowDown moves to a result");
  await page.keyboard.press("Enter");
  await page.waitForSelector("mark.cited");
  assert.ok(await page.locator("mark.cited").first().isVisible());
  if (!options.url) assert.equal(await page.locator(".more:visible").count(), 0, "a short document is shown whole");
  await picture(page, "document");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".hit");
  assert.notEqual(await page.title(), "broken in", "text of a document was read as markup");
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

// A misspelled question says how it was read; a follow-up one is read with the question before it.
async function testRewrites(browser, url) {
  const page = await openPage(browser, `${url}/?q=${encodeURIComponent("when is the hive inspeted")}`,
    { viewport: { width: 1000, height: 800 }, locale: "en-US" });
  await page.waitForSelector(".rewrites li");
  assert.equal(await page.locator(".rewrites mark").first().textContent(), "inspected");
  await picture(page, "spelling");
  await page.locator("#follow").check();
  await page.locator("#query").fill("and at what time does it happen");
  const [request] = await Promise.all([
    page.waitForRequest((sent) => sent.url().endsWith("/v1/search")), page.locator("#go").click()]);
  assert.deepEqual(request.postDataJSON().history?.[0], "when is the hive inspeted");
  await page.waitForFunction(() => document.querySelector(".rewrites")?.textContent.includes("hive"));
  await picture(page, "follow-up", true);
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

async function testPhone(browser, url) {
  const page = await openPage(browser, `${url}/?q=${encodeURIComponent("蜂箱多久检查一次")}`,
    { viewport: { width: 360, height: 780 }, locale: "zh-CN", colorScheme: "dark", deviceScaleFactor: 2 });
  await page.waitForSelector(".hit, .start, .fault");
  assert.equal(await page.locator("html").getAttribute("lang"), "zh");
  assert.equal(await page.locator("#go").textContent(), "搜索");
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than the phone`);
  await picture(page, "phone-dark-zh");
  await page.locator("#language").click();
  await page.waitForFunction(() => document.documentElement.lang === "en");
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

let server;
let browser;
try {
  const sample = options.url ? { url: options.url.replace(/\/$/, "") } : await serveSample();
  server = sample.server;
  browser = await chromium.launch({
    executablePath: chromiumPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
  await testDesktop(browser, sample.url);
  if (!options.url) await testRewrites(browser, sample.url);
  await testPhone(browser, sample.url);
  console.log(`the page works; pictures are in ${options.pictures ?? "(thrown away)"}`);
} finally {
  await browser?.close();
  server?.removeAllListeners("exit");
  server?.kill("SIGTERM");
  rmSync(scratch, { recursive: true, force: true });
}
