/* provider.ts - what an application writes in TypeScript; ai-sdk.test.js checks its types, in build/clients. */
import type { ProviderV4 } from '@ai-sdk/provider';
import { embed, generateText } from 'ai';
import { createJielong } from '../../web/ai-sdk.js';
import type { Model } from '../../web/jielong.js';

export async function use(model: Model): Promise<ProviderV4> {
  const jielong = createJielong(model, { sessions: 2 });
  const { text } = await generateText({ model: jielong(), prompt: 'Hello' });
  await embed({ model: jielong.embeddingModel(), value: text });
  return jielong;
}
