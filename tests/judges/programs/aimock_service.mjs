// @copilotkit/aimock: a mock of the realtime service with answers of our choosing. It reads no sound and finds no turns;
// its answers are written. Prints its address, and runs until it is ended.

import { LLMock } from '@copilotkit/aimock';

const mock = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 5, latency: 20, logLevel: 'silent' });
mock.onMessage(/two plus two/i, { content: '2 plus 2 is 4.' });
mock.onMessage(/peter/i, { content: 'It is nice to meet you, Peter.' });
mock.onMessage(/weather/i, { toolCalls: [{ name: 'get_weather', arguments: { city: 'Paris' } }] });
mock.onMessage(/break/i, { error: { message: 'The model is overloaded.', type: 'server_error' }, status: 503 });
mock.onMessage(/story/i, { content: 'Once upon a time there was a lighthouse. '.repeat(60) }, { latency: 60 });
mock.on({ predicate: () => true }, { content: 'This answers whatever was said.' });
console.log((await mock.start()).replace(/^http/, 'ws') + '/v1/realtime');
