export * from './ktx-api.js';
