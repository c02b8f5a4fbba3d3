import type { ConfigField } from '@runvoy/runtime/read-config';

/**
 * The image of each runtime, by the names of Google's own runtimes (https://cloud.google.com/run/docs/runtime-support): the language
 * on a small Debian, from Docker Hub's official images.
 */
const IMAGES: readonly (readonly [runtime: RegExp, image: (major: string, minor: string) => string])[] = [
  [/^python(3)(\d{1,2})$/, (major, minor) => `docker.io/library/python:${major}.${minor}-slim`],
  [/^nodejs(\d{2})()$/, (major) => `docker.io/library/node:${major}-slim`],
  [/^go(1)(\d{2})$/, (major, minor) => `docker.io/library/golang:${major}.${minor}`],
  [/^java(\d{2})()$/, (major) => `docker.io/library/eclipse-temurin:${major}-jdk`],
  [/^ruby(\d)(\d)$/, (major, minor) => `docker.io/library/ruby:${major}.${minor}-slim`],
  [/^php(\d)(\d)$/, (major, minor) => `docker.io/library/php:${major}.${minor}-cli`],
];

const FALLBACK = 'python313';

/** The image a deployment begins with: a runtime's name such as `python39`, or an image reference. */
export const jobRuntime: ConfigField<string> = (variable, value = FALLBACK) => {
  for (const [runtime, image] of IMAGES) {
    const [, major, minor] = runtime.exec(value) ?? [];
    if (major !== undefined) return { value: image(major, minor ?? '') };
  }
  // A reference names a registry, a repository or a tag; a bare word is a runtime we do not know.
  if (/^[a-z0-9][\w.\-/:@]{0,511}$/.test(value) && /[/:@]/.test(value)) return { value };
  return {
    problem: `${variable} must be a runtime such as python313, nodejs24 or go125, or an image reference such as docker.io/library/alpine:3.22; got "${value}".`,
  };
};
