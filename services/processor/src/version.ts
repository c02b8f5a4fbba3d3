import packageJson from '../package.json' with { type: 'json' };

/** The version this server says it is. */
export const VERSION: string = packageJson.version;
