import type { ConfigField } from '@runvoy/runtime/read-config';

const ENDPOINT = /^(?:http:\/\/)?(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):(\d{1,5})\/?$/;

/**
 * `host:port` of an emulator or a fake of a Google service, or absent: then Google itself. `http://` before it is what some of
 * Google's clients write there.
 */
export const optionalEndpoint: ConfigField<string | undefined> = (variable, value) => {
  if (value === undefined) return { value: undefined };
  const [, host, port] = ENDPOINT.exec(value) ?? [];
  if (host !== undefined && Number(port) >= 1 && Number(port) <= 65_535) return { value: `${host}:${port}` };
  return { problem: `${variable} must be host:port, such as 127.0.0.1:8080; got "${value}".` };
};

/** A URL without a path, as an origin: `https://` or `http://` (`wss://` or `ws://` for a socket's). */
export function serviceUrl(secure: 'https' | 'wss', example: string): ConfigField<string> {
  const schemes = secure === 'https' ? ['https:', 'http:'] : ['wss:', 'ws:'];
  return (variable, value) => {
    if (value === undefined) return { problem: `${variable} is not set. Example: ${variable}=${example}` };
    const url = URL.parse(value);
    const isOrigin = url && url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password;
    if (isOrigin && schemes.includes(url.protocol)) return { value: `${url.protocol}//${url.host}` };
    return { problem: `${variable} must be a ${secure}:// URL without a path, such as ${example}; got "${value}".` };
  };
}

/** True when what is sent to that host does not leave this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
