// Opens a page in a real browser, in light and dark, narrow and wide, and prints what a person would be hindered by.
//
// usage: node page.mjs CHROMIUM AXE PAGE FOLDER
// Speaks the DevTools protocol over the browser's pipe: messages are JSON, each ended by a NUL.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [chromium, axePath, page, folder] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "ktx-page-"));
const browser = spawn(
  chromium,
  ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe", `--user-data-dir=${profile}`],
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] },
);

let next = 0;
const waiting = new Map();
const events = [];
let rest = "";
browser.stdio[4].setEncoding("utf8");
browser.stdio[4].on("data", (text) => {
  const messages = (rest + text).split("\0");
  rest = messages.pop();
  for (const message of messages.map((one) => JSON.parse(one))) {
    if (!message.id) events.push(message);
    else if (message.error) waiting.get(message.id).reject(new Error(message.error.message));
    else waiting.get(message.id).resolve(message.result);
  }
});

function send(method, params = {}, sessionId = undefined) {
  const id = ++next;
  browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

async function open() {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const tell = (method, params) => send(method, params, sessionId);
  for (const domain of ["Page", "Network", "Runtime", "Log"]) await tell(`${domain}.enable`);
  return tell;
}

async function evaluate(tell, expression) {
  const { result, exceptionDetails } = await tell("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

const axe = readFileSync(axePath, "utf8");
const findings = [];
const address = pathToFileURL(page).href;
for (const scheme of ["light", "dark"]) {
  for (const width of [360, 1400]) {
    const where = `${scheme}, ${width} px`;
    const tell = await open();
    events.length = 0;
    await tell("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await tell("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: width < 500 });
    await tell("Page.navigate", { url: address });
    await evaluate(tell, "new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))");
    for (const { method, params } of events) {
      if (method === "Network.requestWillBeSent") {
        const { url } = params.request;
        if (url !== address && !url.startsWith("data:")) findings.push(`${where}: requests ${url}`);
      }
      if (method === "Runtime.exceptionThrown") findings.push(`${where}: throws ${params.exceptionDetails.text}`);
      if (method === "Runtime.consoleAPICalled") findings.push(`${where}: console ${params.type}`);
      if (method === "Log.entryAdded") findings.push(`${where}: logs ${params.entry.text}`);
    }
    const wide = await evaluate(tell, "document.documentElement.scrollWidth - document.documentElement.clientWidth");
    if (wide > 0) findings.push(`${where}: ${wide} px wider than the screen`);
    await evaluate(tell, axe);
    const violations = await evaluate(tell, `axe.run().then(({ violations }) => violations.map(
      ({ id, nodes }) => id + " at " + nodes.map(({ target, failureSummary }) => target + " " + failureSummary).join("; ")))`);
    findings.push(...violations.map((violation) => `${where}: axe: ${violation}`));
    const { data } = await tell("Page.captureScreenshot", { captureBeyondViewport: true });
    writeFileSync(join(folder, `${scheme}-${width}.png`), Buffer.from(data, "base64"));
  }
}
await send("Browser.close").catch(() => undefined);
await new Promise((done) => browser.on("exit", done));
rmSync(profile, { recursive: true, force: true });
process.stdout.write(findings.map((finding) => `${finding}\n`).join(""));
