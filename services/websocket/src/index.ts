export { buildLiveView, type LiveView, type LiveViewDeps } from './live-view.ts';
export { meterViewers } from './viewer-metrics.ts';
export { EVENTS_PATH, mountLiveView, STREAM_PATH } from './mount-live-view.ts';
