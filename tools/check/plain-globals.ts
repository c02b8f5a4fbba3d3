import { constants, createContext } from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

type NodeEnvironment = InstanceType<typeof TestEnvironment>;
type Global = NodeEnvironment['global'];
type Config = ConstructorParameters<typeof TestEnvironment>[0];

/** Jest has them be those of Node itself, so that what Node's modules return is an instance of them. */
const OF_NODE = new Set<PropertyKey>(['Buffer', 'ArrayBuffer', 'Uint8Array']);
const SELF = new Set<PropertyKey>(['globalThis', 'global']);

/**
 * Jest's own environment with plain globals. Jest keeps those of a test file behind a proxy, and the code under test passes through it
 * at each `Math`, `JSON` or `Buffer`: a third of all the time that a thousand simulated histories took.
 */
export default class PlainGlobals extends TestEnvironment {
  constructor(...[config, context]: ConstructorParameters<typeof TestEnvironment>) {
    super(config, context);
    const global = plainGlobal(this.global);
    this.context = global;
    this.global = global;
    this.#makeAnew(config, global);
  }

  /** What acts on the globals it was made for. */
  #makeAnew({ projectConfig }: Config, global: Global): void {
    type Mocker = NonNullable<NodeEnvironment['moduleMocker']>;
    type Timers = NonNullable<NodeEnvironment['fakeTimersModern']>;
    const MockerOf = this.moduleMocker!.constructor as new (global: Global) => Mocker;
    const TimersOf = this.fakeTimersModern!.constructor as new (of: object) => Timers;
    this.moduleMocker = new MockerOf(global);
    this.fakeTimersModern = new TimersOf({ config: projectConfig, global });
  }
}

/** The global object of a new context, with all that `proxied` has beyond JavaScript's own. */
function plainGlobal(proxied: Global): Global {
  const global = createContext(constants.DONT_CONTEXTIFY) as Global;
  for (const key of Reflect.ownKeys(proxied)) {
    if (SELF.has(key) || (Object.hasOwn(global, key) && !OF_NODE.has(key))) continue;
    const property = Object.getOwnPropertyDescriptor(proxied, key)!;
    Object.defineProperty(global, key, property.get ? keptOnceRead(global, key, property) : property);
  }
  global.global = global;
  global.Error.stackTraceLimit = proxied.Error.stackTraceLimit;
  return global;
}

/** Node makes many of its globals when they are first read. */
function keptOnceRead(global: Global, key: PropertyKey, { enumerable = false, ...property }: PropertyDescriptor) {
  const keep = (value: unknown): void => {
    Object.defineProperty(global, key, { value, enumerable, configurable: true, writable: true });
  };
  const read = (): unknown => {
    const value: unknown = property.get!();
    keep(value);
    return value;
  };
  return { get: read, set: keep, enumerable, configurable: true };
}
