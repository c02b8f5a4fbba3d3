export * from './answer-on-socket.ts';
export * from './cloud-event.ts';
export * from './error-body.ts';
export * from './http-app.ts';
export * from './logger.ts';
export * from './pubsub-push.ts';
export * from './read-config.ts';
export * from './shutdown.ts';
