// What a responder does with a card on the reader page.

import { words } from './words.mjs';

/** Waits until the page says what the card is worth; returns its heading. */
export async function verdict(page) {
  await page.waitForFunction((checking) => {
    const heading = document.querySelector('main h1')?.textContent;
    return heading && !checking.includes(heading);
  }, ['en', 'es', 'ar', 'ja'].flatMap((lang) => [words(lang)('reader.reading'), words(lang)('reader.state.checking.title')]));
  return page.locator('main h1').innerText();
}

/** Waits until the heading of the page is one of these, and returns it. */
export async function heading(page, ...expected) {
  await page.waitForFunction((titles) => titles.includes(document.querySelector('main h1')?.textContent), expected);
  return page.locator('main h1').innerText();
}

/**
 * Goes through the emergency step up to the answer; returns its heading.
 * @param {import('playwright-core').Page} page
 * @param {{ role?: string, reason?: string, reasonText?: string, name?: string, step?: 'critical' | 'sensitive', lang?: string }} [who]
 */
export async function breakGlass(page, { role = 'paramedic', reason = 'unconscious', reasonText = '', name = '', step = 'critical', lang = 'en' } = {}) {
  const t = words(lang);
  const press = (key) => page.getByRole('button', { name: t(key), exact: true }).click();
  if (step === 'critical') {
    await press('reader.glass.open');
    await heading(page, t('glass.stop.title'));
    await press('glass.stop.continue');
    await heading(page, t('glass.who.title'));
    await page.locator(`#role-${role}`).check();
    if (name) await page.locator('#name').fill(name);
    await press('glass.next');
    await heading(page, t('glass.why.title'));
  } else {
    await press('glass.sensitive.open');
    await heading(page, t('glass.why.title_sensitive'));
  }
  await page.locator(`#reason-${reason}`).check();
  if (reasonText) await page.locator('#reason_text').fill(reasonText);
  await press('glass.next');
  await heading(page, t('glass.check.title'));
  await press('glass.check.open');
  await page.waitForFunction((busy) => !busy.includes(document.querySelector('main h1')?.textContent), [t('glass.check.title'), t('glass.opening')]);
  return page.locator('main h1').innerText();
}
