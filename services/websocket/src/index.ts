export { buildLiveView, type LiveView, type LiveViewDeps } from './live-view.ts';
