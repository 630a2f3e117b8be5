// @ts-check
// The requests that follow an opening. What they are allowed by travels in their bodies, and no cookie goes along unless a page of the console asks.

/**
 * @param {string} path
 * @param {object} body
 * @param {{accept?: string, signal?: AbortSignal, credentials?: RequestCredentials}} [options]
 */
export function post(path, body, { accept = 'application/json', signal, credentials = 'omit' } = {}) {
  return fetch(path, {
    method: 'POST',
    credentials,
    cache: 'no-store',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify(body),
    signal,
  });
}

/**
 * @param {string} path
 * @param {object} body
 * @param {AbortSignal} [signal]
 * @param {RequestCredentials} [credentials]
 * @returns {Promise<{status: number, answer: any}>} status 0 without a connection
 */
export async function tell(path, body, signal, credentials) {
  try {
    const response = await post(path, body, { signal, credentials });
    return { status: response.status, answer: response.ok ? await response.json() : {} };
  } catch {
    return { status: 0, answer: {} };
  }
}
