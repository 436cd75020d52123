// Calls to our own servers with a bearer token, and their refusals as errors with a stable code.

import { retry_after_s } from './retry.ts';

export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** When the server wants to be asked again. */
  readonly retry_after_s: number | null;
  /** The whole answer, which may hold more than the refusal. */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: string,
    message: string,
    retry_after_s: number | null = null,
    body: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.retry_after_s = retry_after_s;
    this.body = body;
  }

  /** Whether a Rostra server wrote it: not the network, nor something in between. */
  get ours(): boolean {
    return this.code !== 'network' && !this.code.startsWith('http_');
  }
}

/** The refusal in an answer that is not ok; code `http_502` and the like where it is not our JSON. */
export async function refusal_of(response: Response): Promise<Refusal> {
  const body = (await response.json().catch(() => null)) as {
    error?: { code?: unknown; message?: unknown };
  } | null;
  const { code, message } = body?.error ?? {};
  const wait_s = retry_after_s(response.headers.get('Retry-After'), Date.now());
  if (typeof code === 'string' && typeof message === 'string')
    return new Refusal(response.status, code, message, wait_s, { ...body });
  return new Refusal(response.status, `http_${response.status}`, response.statusText, wait_s);
}

/** Any call; throws `Refusal` for an HTTP error, and for no answer at all with code `network`. */
export async function call(
  url: string,
  token: string | null,
  request: RequestInit = {},
): Promise<Response> {
  const headers = new Headers(request.headers);
  if (token !== null) headers.set('Authorization', `Bearer ${token}`);
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
  throw await refusal_of(response);
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
