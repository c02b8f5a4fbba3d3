import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SignInLinkAnswer } from '@runvoy/protocol';
import type { Browser, Page } from 'playwright-core';
import { isChromiumHere, openChromium, titled } from './chromium.ts';
import { startServer, type Server } from './server.ts';

const inChromium = isChromiumHere ? describe : describe.skip;

inChromium(titled('the console in Chromium'), () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    server = await startServer();
    browser = await openChromium();
    page = await browser.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  /** What the log shows, without line numbers. */
  const shownLines = () =>
    page.locator('[data-testid=log-line][data-stream=stdout] [data-testid=log-text]').allInnerTexts();

  test('signs in by a single-use link and follows a run to its verified end', async () => {
    const link = await server.call<SignInLinkAnswer>('POST', '/api/v1/users/login-link');
    const run = await server.run('for i in 1 2 3; do echo "line $i"; sleep 0.3; done; echo oops >&2; exit 3');
    await page.goto(link.url);
    await page.locator(`[data-testid=run-row][data-execution-id="${run.execution_id}"]`).click();
    await page.locator('[data-testid=seal][data-seal=verified]').waitFor();
    expect(await shownLines()).toEqual(['line 1', 'line 2', 'line 3']);
    expect(await page.locator('[data-testid=log-line][data-stream=stderr]').count()).toBe(1);
    expect(await page.locator('[data-testid=exit-code]').first().innerText()).toContain('3');
    expect(page.url()).not.toContain('claim');
  });

  test('narrows the list to a status and a label, which the address keeps, and Back undoes', async () => {
    const { execution_id: id } = await server.run({ command: 'exit 4', labels: { team: 'core' } });
    await server.finished(id);
    const { execution_id: other } = await server.run('true');
    await server.finished(other);
    await page.goto(server.ready.console_url);
    const row = (run: string) => page.locator(`[data-testid=run-row][data-execution-id="${run}"]`);
    await row(other).waitFor();
    await page.getByLabel('Status').selectOption('Failed');
    await row(other).waitFor({ state: 'detached' });
    await page.getByLabel('Label').fill('team=core');
    await page.getByLabel('Label').press('Enter');
    await page.waitForURL(/\?status=FAILED&label=team%3Dcore$/);
    await page.reload();
    await row(id).waitFor();
    expect(await page.getByTestId('run-row').count()).toBe(1);
    await page.getByRole('link', { name: 'Show all' }).click();
    await row(other).waitFor();
    await page.goBack();
    await row(other).waitFor({ state: 'detached' });
    expect(await page.getByLabel('Label').inputValue()).toBe('team=core');
  });

  test('opens the link a run prints, in the middle of the run, and sees every line once', async () => {
    const run = await server.run('i=0; while [ $i -lt 12 ]; do echo "n $i"; i=$((i+1)); sleep 0.1; done');
    await page.goto(run.view_url);
    await page.locator('[data-testid=seal][data-seal=verified]').waitFor();
    expect(await shownLines()).toEqual(Array.from({ length: 12 }, (_, i) => `n ${i}`));
  });

  test('stops a run and shows the stop confirmed', async () => {
    const run = await server.run({ command: "trap '' TERM; echo ready; while :; do sleep 0.2; done", grace: 1 });
    await page.goto(run.view_url);
    await page.getByText('ready', { exact: true }).waitFor();
    await page.getByTestId('stop-button').click();
    await page.getByTestId('stop-confirm').click();
    await page.locator('[data-testid=status][data-status=STOPPED]').first().waitFor();
    expect((await server.finished(run.execution_id)).status).toBe('STOPPED');
    await page.getByTestId('explanation').locator('summary').click();
    await page.getByText('With that its end was settled. It never changes any more.').waitFor();
    expect(await page.getByTestId('explanation').innerText()).toContain('asked to stop it, with 1 s');
  });

  test('treats a log as text, whatever is in it', async () => {
    const run = await server.run(
      `printf '<img src=x onerror=alert(1)>\\n\\033[31mred\\033[0m \\033]0;title\\007end\\n'`,
    );
    await page.goto(run.view_url);
    await page.locator('[data-testid=seal][data-seal=verified]').waitFor();
    expect((await shownLines())[0]).toBe('<img src=x onerror=alert(1)>');
    expect(await page.locator('img[src=x]').count()).toBe(0);
  });

  test('searches the whole log on the server, goes from hit to hit and to the first error, and folds groups', async () => {
    const run = await server.run(
      'echo "::group::build"; seq 1 400; printf "\\033[31mNee\\033[0mdle 1\\n"; echo "::endgroup::"; printf "1%%\\r2%%\\rdone\\n"; seq 1 400; echo needle 2; echo "error: no such file" >&2; exit 1',
    );
    await page.goto(run.view_url);
    await page.locator('[data-testid=seal][data-seal=verified]').waitFor();
    const count = page.getByTestId('search-count');
    const marked = (text: string) => page.locator('[data-marked]').filter({ hasText: text }).waitFor();
    await page.getByTestId('search').fill('needle');
    await page.getByTestId('search').press('Enter');
    await count.getByText('1 of 2').waitFor();
    await marked('Needle 1');
    await page.getByTestId('search').press('Enter');
    await count.getByText('2 of 2').waitFor();
    await marked('needle 2');
    expect(page.url()).toMatch(/#L\d+$/);
    await page.getByTestId('first-error').click();
    await marked('error: no such file');

    await page.getByTestId('fold-all').click();
    await page.getByRole('log').evaluate((view) => view.scrollTo(0, 0));
    const group = page.getByTestId('log-group');
    await group.waitFor();
    expect(await group.getAttribute('aria-expanded')).toBe('false');
    expect((await shownLines()).slice(0, 2)).toEqual(['build', 'done']);
    await page.getByTestId('search').press('Shift+Enter');
    await marked('needle');
  });

  test('saves the log as it was written, and stays where it is', async () => {
    const run = await server.run('printf "1%%\\r2%%\\n\\033[31mred\\033[0m\\n\\n"; echo oops >&2; printf end');
    await page.goto(run.view_url);
    await page.locator('[data-testid=seal][data-seal=verified]').waitFor();
    const address = page.url();
    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByTestId('download').click()]);
    expect(saved.suggestedFilename()).toBe(`${run.execution_id}.log`);
    const text = await readFile(await saved.path(), 'utf8');
    expect(text).toContain('1%\r2%\n\x1b[31mred\x1b[0m\n\n');
    expect(text).toContain('oops\n');
    expect(page.url()).toBe(address);
  });

  test('explains a link that was used already', async () => {
    const link = await server.call<SignInLinkAnswer>('POST', '/api/v1/users/login-link');
    const other = await browser.newContext();
    const first = await other.newPage();
    await first.goto(link.url);
    await first.getByTestId('sign-out').waitFor();
    const fresh = await (await browser.newContext()).newPage();
    await fresh.goto(link.url);
    await fresh.getByTestId('sign-in').waitFor();
    expect(await fresh.locator('body').innerText()).toContain('runvoy local login');
  });
});
