import { describe } from 'vitest';
import { tellsTheStory } from './whole-story.ts';

/** The program's machine, too. */
const env = { TZ: 'Asia/Kathmandu' };

describe('a server in Kathmandu', () => tellsTheStory({ options: { args: ['--default-time-zone=+05:45'] }, env }));
