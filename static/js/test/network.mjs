// A network for tests: every request is answered by a function, and what was asked is kept.

/**
 * @param {(url: string, options: any) => Response | Promise<Response>} answer
 * @param {() => Promise<any>} act
 */
export async function withNetwork(answer, act) {
  const asked = [];
  const original = globalThis.fetch;
  globalThis.fetch = async (url, options = {}) => {
    asked.push({ url: String(url), ...options });
    return answer(String(url), options);
  };
  try {
    return { result: await act(), asked };
  } finally {
    globalThis.fetch = original;
  }
}
