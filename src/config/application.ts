import * as z from 'zod/mini';
import { argv, described, list, optionalSection, section, text, webAddress, wholeNumber } from './values.ts';

const caches = 'laravel, none, or a list of commands';
const maintenance = 'laravel, none, or a mapping with the commands enter and leave';
/** The application on top of the database: how it is closed and opened, and what writes beside it. */
export const app = section({
  dir: described(
    'Folder of the application. Default: the folder of this file when it holds an artisan file',
    z.optional(text('the path of a folder')),
  ),
  maintenance: described(
    'How the site is closed while its schema changes. Default: laravel when app.dir is set, else none',
    z.optional(
      z.union(
        [
          z.enum(['laravel', 'none']),
          z.strictObject({ enter: argv(), leave: argv(), check: z.optional(argv()) }, 'a mapping'),
        ],
        maintenance,
      ),
    ),
  ),
  workers: described(
    'What writes while the site is closed, queue workers and the scheduler: how it is paused, known to be idle, and started again',
    z._default(
      z.union(
        [
          z.enum(['laravel', 'none']),
          z.strictObject({ pause: argv(), resume: argv(), idle: z.optional(argv()) }, 'a mapping'),
        ],
        'laravel, none, or a mapping with the commands pause, resume and idle',
      ),
      'none',
    ),
  ),
  caches: described(
    'How caches are emptied before and after. Default: laravel when app.dir is set, else none',
    z.optional(z.union([z.enum(['laravel', 'none']), z.array(argv())], caches)),
  ),
  services: described('Services that restore stops while it swaps databases', list(text(), 'a list of services')),
  serviceCommand: described(
    'How a service is started, stopped and asked; {action} is start, stop or status',
    z._default(argv(), ['systemctl', '{action}', '{service}']),
  ),
  health: described(
    'A page that tells whether the site works',
    optionalSection({
      url: webAddress(),
      expect: described('Status of a healthy site', z._default(wholeNumber(100, 599), 200)),
      maintenance: described('Status of a site closed for maintenance', z._default(wholeNumber(100, 599), 503)),
    }),
  ),
});
