export * from './documented-answers.ts';
export * from './front-end-answer.ts';
export * from './served-document.ts';
