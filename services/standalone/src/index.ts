export { startStandalone, type LocalProvider, type RunningServer } from './standalone.ts';
