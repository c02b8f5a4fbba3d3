export { buildLiveView, type LiveView, type LiveViewDeps } from './live-view.ts';
export { mountLiveView, STREAM_PATH } from './mount-live-view.ts';
