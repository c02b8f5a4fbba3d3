export * from './documented-answers.ts';
export * from './served-document.ts';
