// @ts-check
import { verifyIfStale } from './approve.js';
import { onSubmit } from './ceremony.js';
import { create, post } from './passkey.js';

const form = document.querySelector('form[data-newpasskey]');
if (form instanceof HTMLFormElement) {
  onSubmit(form, async () => {
    if (form.dataset.limited === undefined) await verifyIfStale(form); // after a recovery there is no passkey to ask for
    const begun = await post('/v1/passkeys/begin', {});
    const label = String(new FormData(form).get('label') ?? '').trim();
    const done = await post('/v1/passkeys/finish', { ...await create(begun), label });
    location.assign(done.location);
  });
}
