import { describe } from 'vitest';
import { tellsTheStory } from './whole-story.ts';

/** Another database, whose tables and programs are called the same. */
const OTHER = `CREATE DATABASE shop_db;
  CREATE TABLE shop_db.Orders (Id INT, other FLOAT); CREATE TABLE shop_db.Notes (x INT); CREATE TABLE shop_db.gateway_migrate_history (x INT);
  CREATE TABLE shop_db.only_here (x INT);
  CREATE PROCEDURE shop_db.Count_Orders() SELECT 1; CREATE PROCEDURE shop_db.other() SELECT 1;
  CREATE TRIGGER shop_db.Seen_Too AFTER INSERT ON shop_db.Orders FOR EACH ROW SET @x = 1;
  CREATE EVENT shop_db.Daily ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM shop_db.Orders;
  CREATE VIEW shop_db.Latest AS SELECT 1 AS one`;
describe('names are kept in lower case', () => tellsTheStory({ options: { foldsNames: true } }));

describe('names that differ by case alone are two', () => tellsTheStory({ options: {}, beside: OTHER }));
