// Calls to our own servers with a bearer token, and their refusals as errors with a stable code.

export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Any call; throws `Refusal` for an HTTP error, and for no answer at all with code `network`. */
export async function call(
  url: string,
  token: string,
  request: RequestInit = {},
): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.set('Authorization', `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(url, {
      signal: AbortSignal.timeout(15_000),
      cache: 'no-store',
      ...request,
      headers,
    });
  } catch (error) {
    throw new Refusal(0, 'network', error instanceof Error ? error.message : String(error));
  }
  if (response.ok) return response;
  let code = `http_${response.status}`;
  let message = response.statusText;
  try {
    const body = (await response.json()) as { error?: { code: string; message: string } };
    if (body.error) ({ code, message } = body.error);
  } catch {
    // Not our JSON: a proxy in between. The status has to say it.
  }
  throw new Refusal(response.status, code, message);
}

/** A call that sends and receives JSON. */
export async function call_json<T>(
  url: string,
  token: string,
  method = 'GET',
  body?: unknown,
): Promise<T> {
  const response = await call(url, token, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  const text = await response.text();
  return (text === '' ? null : JSON.parse(text)) as T;
}
