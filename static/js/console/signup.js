// @ts-check
import { onSubmit } from './ceremony.js';
import { create, post } from './passkey.js';

const form = document.querySelector('form[data-signup]');
if (form instanceof HTMLFormElement) {
  onSubmit(form, async () => {
    const name = String(new FormData(form).get('name') ?? '');
    const begun = await post('/v1/signup/begin', { name });
    const done = await post('/v1/signup/finish', await create(begun));
    location.assign(done.location);
  });
}
