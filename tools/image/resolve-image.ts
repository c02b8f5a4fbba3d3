import { createHash } from 'node:crypto';

/** An image of a registry, by tag. */
export interface ImageReference {
  /** As it is written, without tag and digest: `gcr.io/distroless/cc-debian13`. */
  readonly name: string;
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
}

/** What is accepted of a registry, lists of images first: a digest of one would pin a platform. */
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
/** Cloud Run's (https://cloud.google.com/run/docs/container-contract). */
const PLATFORM = { os: 'linux', architecture: 'amd64' };
const PATIENCE_MS = 30_000;

/** Reads `host/repository:tag`, with or without a digest behind it. The host is asked for: what stands for a missing one differs. */
export function parseImage(text: string): ImageReference {
  const [, host, repository, tag] =
    /^([\w.-]+(?::\d+)?)\/([a-z0-9._/-]+):([\w.-]+)(?:@sha256:[0-9a-f]{64})?$/.exec(text) ?? [];
  if (host === undefined || repository === undefined || tag === undefined || !/[.:]/.test(host)) {
    throw new Error(`"${text}" is no image by tag. Write host/repository:tag, as docker.io/library/node:26.`);
  }
  return { name: `${host}/${repository}`, host, repository, tag };
}

/**
 * Asks the image's registry what it has under the tag (OCI distribution specification, "Pulling manifests") and resolves with the digest
 * of the very bytes it sent: `sha256:...`. Rejects when it does not answer, when it names another digest than it sends, and when what it
 * sends does not run on Cloud Run.
 */
export async function resolveImage(image: ImageReference): Promise<string> {
  const url = `${originOf(image.host)}/v2/${image.repository}/manifests/${image.tag}`;
  let answer = await ask(url, { accept: MANIFESTS });
  if (answer.status === 401) {
    const authorization = `Bearer ${await tokenFor(answer.headers.get('www-authenticate') ?? '', image)}`;
    answer = await ask(url, { accept: MANIFESTS, authorization });
  }
  if (!answer.ok) throw new Error(`${image.name}:${image.tag}: the registry answered ${answer.status}.`);
  const manifest = new Uint8Array(await answer.arrayBuffer());
  const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
  const named = answer.headers.get('docker-content-digest') ?? digest;
  if (named !== digest)
    throw new Error(`${image.name}:${image.tag}: the registry sent ${digest} and called it ${named}.`);
  requirePlatform(new TextDecoder().decode(manifest), image);
  return digest;
}

/** The token that lets anybody pull, from where the registry says. */
async function tokenFor(challenge: string, image: ImageReference): Promise<string> {
  const { realm, service } = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  ) as { readonly realm?: string; readonly service?: string };
  if (!/^bearer /i.test(challenge) || realm === undefined) {
    throw new Error(`${image.name}: the registry wants something else than a token: "${challenge}".`);
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${image.repository}:pull`);
  const answer = await ask(url.href, {});
  const { token, access_token = token } = (answer.ok ? await answer.json() : {}) as Record<string, string | undefined>;
  if (access_token === undefined) throw new Error(`${image.name}: no token, ${url.host} answered ${answer.status}.`);
  return access_token;
}

/** A list has to have an image for the platform; what is no list says its platform elsewhere. */
function requirePlatform(text: string, { name, tag }: ImageReference): void {
  const { manifests } = JSON.parse(text) as {
    readonly manifests?: readonly { readonly platform?: Readonly<Record<string, string>> }[];
  };
  const { os, architecture } = PLATFORM;
  if (manifests?.some(({ platform }) => platform?.['os'] === os && platform['architecture'] === architecture)) return;
  if (manifests) throw new Error(`${name}:${tag} has no image for ${os}/${architecture}.`);
}

async function ask(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    const why = ((error as Error).cause ?? error) as Error;
    throw new Error(`${new URL(url).host} does not answer: ${why.message}`, { cause: error });
  }
}

/** As engines do: Docker's own registry has another host than its name says, and one on this machine needs no TLS. */
function originOf(host: string): string {
  if (host === 'docker.io') return 'https://registry-1.docker.io';
  return /^(localhost|127\.0\.0\.1)(:|$)/.test(host) ? `http://${host}` : `https://${host}`;
}
