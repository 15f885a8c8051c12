/**
 * Takes the documentation's pictures: a job in Temporal's Web UI, by a real browser.
 *
 * usage: npm run picture -- URL FILE.png [TAB] (with `npm run demo -- --keep` running, which prints the URL);
 * TAB is the name of a tab of the page, such as "User Metadata"
 */
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [url, file, tab] = process.argv.slice(2);
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);
if (url === undefined || file === undefined || executablePath === undefined) {
  process.stderr.write('usage: npm run picture -- URL FILE.png [TAB]; Chromium has to be installed\n');
  process.exit(2);
}
const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
try {
  const page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  if (tab !== undefined) await page.getByRole('tab', { name: tab }).or(page.getByText(tab)).first().click();
  // The page draws itself from several requests, and says nowhere that it is done.
  await page.waitForTimeout(6_000);
  await page.screenshot({ path: file });
} finally {
  await browser.close();
}
