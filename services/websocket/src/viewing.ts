// What serves viewers, without a door: the simulation of libs/core is over it, so that what it proves is of this very code.
export { bareForm } from './bare-form.ts';
export { END_ID, eventForm } from './event-form.ts';
export { ExecutionFeeds } from './execution-feeds.ts';
export type { Frame, FrameForm } from './frame-form.ts';
export type { Outlet } from './outlet.ts';
export { typedForm } from './typed-form.ts';
export { Viewer } from './viewer.ts';
