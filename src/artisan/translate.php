<?php

// Runs migrations of a Laravel application on a clone, and tells each statement that they send. Given on standard input, with
// a call of main() behind it; started in the application's folder. For PHP 7.3 and newer, Laravel 8 to 13. One answer a line: a mark, then JSON; everything else on standard output is the application's own.

namespace GatewayMigrate;

use PDO;
use PDOStatement;
use Throwable;

/** What cannot be followed. No \Exception, so that a migration's own `catch (\Exception)` lets it through. */
final class CannotFollow extends \Error
{
    /** @var string */
    public $rule;

    public function __construct(string $rule, string $detail)
    {
        parent::__construct($detail);
        $this->rule = $rule;
    }
}

final class Recorder
{
    /** Keys of rows are told as these, so that their use can be seen. */
    const FIRST_KEY = 7700000000000000;
    const KEYS_BEGIN = '77000000';

    /** @var string[]|null where a statement belongs: version and direction; null: nobody's */
    public $place = null;
    /** @var string[]|null names of production and of the clone, where they are not the same: they may lie on one server */
    public $beside = null;
    /** @var int while a connection is being made */
    public $pauses = 0;
    /** @var CannotFollow|null */
    public $refused = null;
    /** @var int how many statements were sent at this place */
    public $sent = 0;
    private $keys = 0;
    /** @var string|null the key of the last statement, once it was asked for */
    private $lastKey = null;
    private $mark;
    private $out;

    public function __construct(string $mark)
    {
        $this->mark = $mark;
        $this->out = fopen('php://stdout', 'wb');
    }

    public function tell(array $answer): void
    {
        $flags = JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE;
        fwrite($this->out, "\n" . $this->mark . json_encode($answer, $flags) . "\n");
    }

    public function tellAtPlace(string $type, array $answer): void
    {
        $this->tell(['type' => $type, 'version' => $this->place[0], 'direction' => $this->place[1]] + $answer);
    }

    public function isOff(): bool
    {
        return $this->place === null || $this->pauses > 0;
    }

    public function refuse(string $rule, string $detail): void
    {
        $this->refused = $this->refused ?: new CannotFollow($rule, $detail);
        throw $this->refused;
    }

    /** Runs what sends `$sql`, and tells of it. */
    public function run(string $sql, array $values, callable $send)
    {
        $this->requireInside($sql);
        if ($this->isOff()) {
            return $send();
        }
        $this->requireNoKey($sql, $values);
        $text = inline($sql, $values);
        if (isRead($sql)) {
            $this->tellAtPlace('read', ['sql' => base64_encode($text)]);
            if (!doesMore($sql)) {
                return $send();
            }
        }
        if (preg_match('/^\s*SAVEPOINT\s/i', $sql)) {
            return $send();
        }
        if (preg_match('/^\s*ROLLBACK\b/i', $sql)) {
            $this->tellAtPlace('rollback', []);
            return $send();
        }
        try {
            $result = $send();
        } catch (Throwable $error) {
            $this->tellAtPlace('failed', ['sql' => base64_encode($text), 'error' => $error->getMessage()]);
            throw $error;
        }
        if ($result === false) {
            $this->tellAtPlace('failed', ['sql' => base64_encode($text), 'error' => 'false was returned']);
            return $result;
        }
        $this->lastKey = null;
        $this->sent++;
        $this->tellAtPlace('statement', ['sql' => base64_encode($text)]);
        return $result;
    }

    /**
     * The clone counts from 1, production does not: the key that a row gets there is not known here. One that the statement itself
     * gave leaves LAST_INSERT_ID() (`$generated`) as it was; that a bound value is the same number proves nothing.
     */
    public function keyOf(string $id, callable $generated): string
    {
        if ($this->isOff()) {
            return $id;
        }
        if ($this->lastKey === null) {
            $isKnown = $id === '0' || $id === '' || $generated() !== $id;
            $this->lastKey = $isKnown ? $id : (string) (self::FIRST_KEY + ++$this->keys);
        }
        return $this->lastKey;
    }

    /** Asked before it is sent: production must not be changed by a translation. */
    private function requireInside(string $sql): void
    {
        if ($this->beside === null || $this->pauses > 0) {
            return;
        }
        [$production, $clone] = $this->beside;
        // A function of production's that a query calls may write there.
        if (namesDatabase($sql, $production) || (!(isRead($sql) && !doesMore($sql)) && leavesClone($sql, $clone))) {
            $this->refuse('leaves-the-clone', $sql);
        }
    }

    private function requireNoKey(string $sql, array $values): void
    {
        if ($this->keys === 0) {
            return;
        }
        foreach (array_merge([$sql], array_values($values)) as $value) {
            if (!is_scalar($value) || strpos((string) $value, self::KEYS_BEGIN) === false) {
                continue;
            }
            for ($number = 1; $number <= $this->keys; $number++) {
                if (strpos((string) $value, (string) (self::FIRST_KEY + $number)) !== false) {
                    $this->refuse('generated-key', $sql);
                }
            }
        }
    }
}

function isRead(string $sql): bool
{
    $bare = preg_replace('~^(?:\s+|\(|/\*.*?\*/|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$))*~s', '', $sql);
    return preg_match('/^(?:SELECT|SHOW|EXPLAIN|DESCRIBE|DESC|TABLE|VALUES)\b/i', $bare) === 1
        || (preg_match('/^WITH\b/i', $bare) === 1 && preg_match('/\b(?:UPDATE|DELETE|INSERT|REPLACE)\b/i', $bare) === 0);
}

/** Something of it stays: other statements behind it in the same text, or a variable that it sets. Rather too often than too seldom. */
function doesMore(string $sql): bool
{
    return preg_match('/;\s*[^\s;]|:=|\bINTO\b/i', $sql) === 1;
}

const SERVER_WIDE = <<<'PATTERN'
(?:(?:USE|GRANT|REVOKE|FLUSH|RESET|PURGE|KILL|SHUTDOWN|RESTART|INSTALL|UNINSTALL|CHANGE|START\s+(?!TRANSACTION)|STOP|CALL|PREPARE|EXECUTE\s+IMMEDIATE
|BEGIN\s+NOT\s+ATOMIC|(?:CREATE|DROP|ALTER|RENAME)\s+(?:OR\s+REPLACE\s+)?(?:USER|ROLE|SERVER|TABLESPACE|UNDO|LOGFILE|RESOURCE|INSTANCE)
|SET\s+(?:DEFAULT\s+ROLE|PASSWORD))(?![\w$])|SET\b[^;]*(?:\bGLOBAL\s+\w|@@GLOBAL\b|\bPERSIST(?:_ONLY)?\s+\w|@@PERSIST))
PATTERN;

/** In front of a name of its own. */
function namesDatabase(string $sql, string $database): bool
{
    $named = preg_quote($database, '~');
    return preg_match("~(?:`$named`|(?<![\\w$])$named)(?:\\s|/\\*.*?\\*/)*\\.~is", $sql) !== 0;
}

/**
 * Whether it would act beside the clone, where that may lie on production's own server: on production or another database by their
 * names, on the whole server, or by SQL that is put together while it runs. Rather too often than too seldom.
 */
function leavesClone(string $sql, string $clone): bool
{
    $own = '(?!`?' . preg_quote($clone, '~') . '`?(?![\w$]))';
    $name = '(?:`(?:[^`]|``)+`|[\w$]+)';
    $begin = '(?:^|;)(?:\s|/\*.*?\*/|--[^\n]*\n|\#[^\n]*\n)*';
    $exists = '(?:IF\s+(?:NOT\s+)?EXISTS\s+)?';
    $patterns = [
        "$begin(?:" . str_replace("\n", '', SERVER_WIDE) . ')',
        "$begin(?:CREATE|DROP|ALTER)\\s+(?:DATABASE|SCHEMA)\\s+$exists$own(?!(?:DEFAULT|CHARACTER|CHARSET|COLLATE)\\s)",
        "\\b(?:INTO|UPDATE|TABLE|TRUNCATE|REPLACE|FROM|VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT|TO)\\s+(?:IGNORE\\s+)?$exists$own$name\\s*\\.\\s*[`\\w]",
    ];
    foreach ($patterns as $at => $pattern) {
        // Whoever only reads elsewhere changes nothing there; its rows are judged by who reads the answer.
        $text = $at === 2 ? preg_replace('~\bFROM\b~i', preg_match('/^\s*DELETE\b/i', $sql) ? '$0' : '', $sql) : $sql;
        if (preg_match("~$pattern~is", (string) $text) !== 0) {
            return true;
        }
    }
    return false;
}

/** The statement with its values written out, outside of quotes and comments. */
function inline(string $sql, array $values): string
{
    if ($values === []) {
        return $sql;
    }
    $next = 1;
    $pattern = <<<'PATTERN'
~'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`|/\*.*?\*/|(?:--(?=\s)|\#)[^\n]*|(?<![:\w]):[A-Za-z_]\w*|\?~s
PATTERN;
    return preg_replace_callback($pattern, function (array $match) use ($values, &$next) {
        $found = $match[0];
        if ($found === '?') {
            return array_key_exists($next, $values) ? literal($values[$next++]) : '?';
        }
        if ($found[0] !== ':') {
            return $found;
        }
        $name = substr($found, 1);
        return array_key_exists($name, $values) ? literal($values[$name]) : $found;
    }, $sql);
}

/** The same under every sql_mode and character set of the connection. */
function literal($value): string
{
    if ($value === null) {
        return 'NULL';
    }
    if (is_bool($value)) {
        return $value ? '1' : '0';
    }
    if (is_int($value)) {
        return (string) $value;
    }
    if (is_resource($value)) {
        $value = stream_get_contents($value, -1, 0);
        return $value === '' ? "''" : "X'" . bin2hex($value) . "'";
    }
    $text = (string) $value;
    if (preg_match('/^[\x20-\x5b\x5d-\x7e]*$/D', $text) === 1) {
        return "'" . str_replace("'", "''", $text) . "'";
    }
    return (preg_match('//u', $text) === 1 ? '_utf8mb4 ' : '') . "X'" . bin2hex($text) . "'";
}

class RecordingPdo extends PDO
{
    /** @var Recorder */
    private $recorder;

    public static function record(Recorder $recorder, string $dsn, string $user, ?string $password, array $options): self
    {
        $pdo = new self($dsn, $user, $password, $options);
        $pdo->recorder = $recorder;
        $pdo->setAttribute(PDO::ATTR_STATEMENT_CLASS, [RecordingStatement::class, [$recorder]]);
        return $pdo;
    }

    #[\ReturnTypeWillChange]
    public function exec($statement)
    {
        return $this->recorder->run($statement, [], function () use ($statement) {
            return parent::exec($statement);
        });
    }

    #[\ReturnTypeWillChange]
    public function query($query, $fetchMode = null, ...$more)
    {
        return $this->recorder->run($query, [], function () use ($query, $fetchMode, $more) {
            return $fetchMode === null ? parent::query($query) : parent::query($query, $fetchMode, ...$more);
        });
    }

    #[\ReturnTypeWillChange]
    public function beginTransaction()
    {
        return $this->recorder->run('START TRANSACTION', [], function () {
            return parent::beginTransaction();
        });
    }

    #[\ReturnTypeWillChange]
    public function commit()
    {
        return $this->recorder->run('COMMIT', [], function () {
            return parent::commit();
        });
    }

    #[\ReturnTypeWillChange]
    public function rollBack()
    {
        // Laravel rolls back before it passes an exception on: that is what is told, when nobody catches it.
        return $this->recorder->run('ROLLBACK', [], function () {
            return parent::rollBack();
        });
    }

    #[\ReturnTypeWillChange]
    public function lastInsertId($name = null)
    {
        return $this->recorder->keyOf((string) parent::lastInsertId(), function () {
            return (string) parent::query('SELECT LAST_INSERT_ID()')->fetchColumn();
        });
    }
}

class RecordingStatement extends PDOStatement
{
    private $recorder;
    private $values = [];

    protected function __construct(Recorder $recorder)
    {
        $this->recorder = $recorder;
    }

    #[\ReturnTypeWillChange]
    public function bindValue($param, $value, $type = PDO::PARAM_STR)
    {
        $this->values[is_string($param) ? ltrim($param, ':') : $param] = $value;
        return parent::bindValue($param, $value, $type);
    }

    #[\ReturnTypeWillChange]
    public function bindParam($param, &$var, $type = PDO::PARAM_STR, $maxLength = 0, $driverOptions = null)
    {
        $this->values[is_string($param) ? ltrim($param, ':') : $param] = &$var;
        return parent::bindParam($param, $var, $type);
    }

    #[\ReturnTypeWillChange]
    public function execute($params = null)
    {
        $values = $this->values;
        foreach ($params ?: [] as $key => $value) {
            $values[is_int($key) ? $key + 1 : ltrim($key, ':')] = $value;
        }
        return $this->recorder->run($this->queryString, $values, function () use ($params) {
            return parent::execute($params);
        });
    }
}

/** What a migration must not do, or does where it is translated and not where it is applied; read before it runs. */
function scan(string $code): array
{
    $found = [];
    $tokens = array_values(array_filter(token_get_all($code), function ($token) {
        return !is_array($token) || !in_array($token[0], [T_WHITESPACE, T_COMMENT, T_DOC_COMMENT], true);
    }));
    $text = function (int $at) use ($tokens): string {
        $token = $tokens[$at] ?? '';
        return is_array($token) ? ltrim($token[1], '\\') : $token;
    };
    $line = 1;
    foreach ($tokens as $at => $token) {
        if (!is_array($token)) {
            if ($token === '`') {
                $found[] = ['side-effect', 'a shell command in backticks', $line];
            }
            continue;
        }
        $line = $token[2];
        $word = $text($at);
        $short = strtolower(substr('\\' . $word, strrpos('\\' . $word, '\\') + 1));
        $before = $text($at - 1);
        $after = $text($at + 1);
        if ($token[0] === T_NEW && preg_match('/^(?:.*\\\\)?(?:PDO|mysqli|Mysql)$/i', $text($at + 1))) {
            $found[] = ['own-connection', 'new ' . $text($at + 1), $line];
        } elseif ($after === '(' && !in_array($before, ['->', '?->', '::', 'function', 'new'], true)) {
            if (preg_match('/^mysqli_(?:real_)?connect$/', $short)) {
                $found[] = ['own-connection', "$short()", $line];
            } elseif (in_array($short, FUNCTIONS, true)) {
                $found[] = ['side-effect', "$short()", $line];
            }
        } elseif ($after === '::' && in_array($short, FACADES, true)) {
            $found[] = ['side-effect', ucfirst($short) . '::' . $text($at + 2) . '()', $line];
        } elseif (in_array($before, ['->', '?->', '::'], true) && $after === '(' && in_array($short, METHODS, true)) {
            $found[] = ['side-effect', "$word()", $line];
        }
    }
    return $found;
}

const FUNCTIONS = ['exec', 'shell_exec', 'system', 'passthru', 'proc_open', 'popen', 'mail', 'dispatch', 'dispatch_sync',
    'dispatch_now', 'event', 'broadcast', 'file_put_contents', 'unlink', 'rename', 'mkdir', 'rmdir', 'copy', 'curl_exec',
    'cache', 'fwrite', 'fopen'];
const FACADES = ['storage', 'http', 'mail', 'notification', 'queue', 'bus', 'event', 'cache', 'redis', 'artisan', 'file',
    'process', 'broadcast'];
const METHODS = ['dispatch', 'dispatchsync', 'dispatchnow', 'dispatchafterresponse'];

/** The driver of every connection: only the application's own database can be followed, and that leads to the clone. */
trait LeadsToTheClone
{
    public $recorder;
    public $server;

    public function connect(array $config)
    {
        if (!isset($config['gateway_migrate'])) {
            $this->recorder->refuse('other-connection', (string) ($config['name'] ?? '?'));
        }
        $this->recorder->pauses++;
        try {
            return parent::connect($config);
        } finally {
            $this->recorder->pauses--;
        }
    }

    protected function createPdoConnection($dsn, $username, $password, $options)
    {
        return RecordingPdo::record($this->recorder, $dsn, (string) $username, $password, $options);
    }
}

final class RefusingConnector
{
    public $recorder;

    public function connect(array $config)
    {
        $this->recorder->refuse('other-connection', (string) ($config['name'] ?? '?'));
    }
}

/** Puts the clone in the place of the application's database, before any of its providers can ask for that. */
function leadToClone($app, Recorder $recorder, array $clone): void
{
    $config = $app['config'];
    $default = $config->get('database.default');
    $own = settled($config->get("database.connections.$default") ?: []);
    if (!in_array($own['driver'] ?? '', ['mysql', 'mariadb'], true) || ($own['database'] ?? '') !== $clone['production']) {
        $told = ($own['driver'] ?? 'no driver') . ' ' . ($own['database'] ?? '');
        throw new CannotFollow('other-database', "$default leads to $told");
    }
    foreach ($config->get('database.connections') as $name => $other) {
        $other = settled($other);
        $place = function (array $one) {
            return [$one['host'] ?? null, $one['port'] ?? null, $one['unix_socket'] ?? null, $one['database'] ?? null];
        };
        if (in_array($other['driver'] ?? '', ['mysql', 'mariadb'], true) && $place($other) == $place($own)) {
            $config->set("database.connections.$name", cloned($other, $clone));
        }
    }
    foreach (['mail.default' => 'array', 'queue.default' => 'null', 'broadcasting.default' => 'null'] as $key => $value) {
        $config->set($key, $value);
    }
    $config->set('queue.connections.null', ['driver' => 'null']);
    $config->set('cache.stores.gateway_migrate', ['driver' => 'array']);
    $config->set('cache.default', 'gateway_migrate');
    // A job, a mail or a store may name its own.
    $nowhere = [
        'mail.mailers' => ['transport' => 'array'], 'queue.connections' => ['driver' => 'null'],
        'cache.stores' => ['driver' => 'array'], 'broadcasting.connections' => ['driver' => 'null'],
    ];
    foreach ($nowhere as $key => $settings) {
        foreach ($config->get($key) ?: [] as $name => $own) {
            // What a job does at once is part of the migration.
            if (($own['driver'] ?? '') !== 'sync') {
                $config->set("$key.$name", $settings);
            }
        }
    }
    bindConnectors($app, $recorder);
}

function settled(array $config): array
{
    $parser = 'Illuminate\Support\ConfigurationUrlParser';
    $settled = isset($config['url']) && class_exists($parser) ? (new $parser)->parseConfiguration($config) : $config;
    unset($settled['url'], $settled['read'], $settled['write'], $settled['sticky']);
    return $settled;
}

function cloned(array $config, array $clone): array
{
    $options = [];
    $unwanted = [PDO::ATTR_PERSISTENT, PDO::ATTR_STATEMENT_CLASS];
    foreach (['CA', 'CAPATH', 'CERT', 'CIPHER', 'KEY', 'VERIFY_SERVER_CERT'] as $name) {
        if (defined("PDO::MYSQL_ATTR_SSL_$name")) {
            $unwanted[] = constant("PDO::MYSQL_ATTR_SSL_$name");
        }
    }
    foreach ($config['options'] ?? [] as $key => $value) {
        if (!in_array($key, $unwanted, true)) {
            $options[$key] = $value;
        }
    }
    if ($clone['ca'] !== null) {
        $options[PDO::MYSQL_ATTR_SSL_CA] = $clone['ca'];
    }
    return array_merge($config, [
        'host' => $clone['host'], 'port' => $clone['port'], 'unix_socket' => $clone['socket'],
        'database' => $clone['database'], 'username' => $clone['user'], 'password' => $clone['password'],
        'options' => $options, 'gateway_migrate' => true,
    ]);
}

function bindConnectors($app, Recorder $recorder): void
{
    $mysql = new class extends \Illuminate\Database\Connectors\MySqlConnector {
        use LeadsToTheClone;
    };
    $mariadb = $mysql;
    if (class_exists('Illuminate\Database\Connectors\MariaDbConnector')) {
        $mariadb = new class extends \Illuminate\Database\Connectors\MariaDbConnector {
            use LeadsToTheClone;
        };
    }
    $refusing = new RefusingConnector;
    foreach ([$mysql, $mariadb, $refusing] as $connector) {
        $connector->recorder = $recorder;
    }
    $app->instance('db.connector.mysql', $mysql);
    $app->instance('db.connector.mariadb', $mariadb);
    foreach (['sqlite', 'pgsql', 'sqlsrv'] as $driver) {
        $app->instance("db.connector.$driver", $refusing);
    }
}

function boot(Recorder $recorder, array $clone)
{
    foreach (['vendor/autoload.php', 'bootstrap/autoload.php'] as $autoload) {
        if (is_file($autoload)) {
            require getcwd() . '/' . $autoload;
            break;
        }
    }
    $app = require getcwd() . '/bootstrap/app.php';
    $app->afterBootstrapping('Illuminate\Foundation\Bootstrap\LoadConfiguration', function ($app) use ($recorder, $clone) {
        leadToClone($app, $recorder, $clone);
    });
    $app->make('Illuminate\Contracts\Console\Kernel')->bootstrap();
    return $app;
}

/** As Laravel's own migrator does: an anonymous class is returned, another is named after the file. */
function load(string $path)
{
    $returned = (static function ($path) {
        return require $path;
    })($path);
    if (is_object($returned)) {
        return $returned;
    }
    $class = \Illuminate\Support\Str::studly(implode('_', array_slice(explode('_', basename($path, '.php')), 4)));
    return new $class;
}

function runMethod($app, Recorder $recorder, $migration, string $version, string $direction): void
{
    $recorder->place = [$version, $direction];
    $recorder->sent = 0;
    $database = $app['db'];
    $name = method_exists($migration, 'getConnection') ? $migration->getConnection() : null;
    $before = $database->getDefaultConnection();
    ob_start(function (string $shown) use ($recorder) {
        if ($shown !== '' && $recorder->place !== null) {
            $recorder->tellAtPlace('output', ['text' => base64_encode($shown)]);
        }
        return '';
    });
    try {
        if ($name !== null) {
            $database->setDefaultConnection($name);
        }
        if ($direction === 'up' && method_exists($migration, 'shouldRun') && !$migration->shouldRun()) {
            $recorder->refuse('should-not-run', 'shouldRun()');
        }
        $migration->{$direction}();
        if ($recorder->refused !== null) {
            throw $recorder->refused;
        }
        $open = $database->connection()->transactionLevel();
        if ($open > 0) {
            throw new \RuntimeException("$direction() leaves a transaction open");
        }
    } finally {
        ob_end_flush();
        $database->setDefaultConnection($before);
        $recorder->place = null;
    }
}

function tellFailure(Recorder $recorder, string $version, string $direction, Throwable $error): void
{
    $rule = 'fails';
    $told = $error;
    for ($one = $error; $one !== null; $one = $one->getPrevious()) {
        if ($one instanceof CannotFollow) {
            $rule = $one->rule;
            $told = $one;
        }
    }
    if ($recorder->refused !== null) {
        $rule = $recorder->refused->rule;
        $told = $recorder->refused;
    }
    $recorder->tell([
        'type' => 'refused', 'version' => $version, 'direction' => $direction, 'rule' => $rule,
        'class' => get_class($told), 'message' => $told->getMessage()] + whereOf($error, $version));
}

/** The line of the migration that led there. */
function whereOf(Throwable $error, string $version): array
{
    $frames = array_merge([['file' => $error->getFile(), 'line' => $error->getLine()]], $error->getTrace());
    foreach ($frames as $frame) {
        if (isset($frame['file'], $frame['line']) && basename($frame['file'], '.php') === $version) {
            return ['file' => $frame['file'], 'line' => $frame['line']];
        }
    }
    return ['file' => $error->getFile(), 'line' => $error->getLine()];
}

function main(array $request): void
{
    error_reporting(E_ALL & ~E_DEPRECATED & ~E_USER_DEPRECATED);
    $recorder = new Recorder($request['mark']);
    if ($request['clone']['database'] !== $request['clone']['production']) {
        $recorder->beside = [$request['clone']['production'], $request['clone']['database']];
    }
    $files = $request['files'];
    $isRefused = false;
    foreach ($files as $file) {
        foreach (scan(file_get_contents($file['path'])) as [$rule, $detail, $line]) {
            if ($rule === 'side-effect' && $file['allowsSideEffects']) {
                continue;
            }
            $isRefused = true;
            $recorder->tell(['type' => 'refused', 'version' => $file['version'], 'direction' => 'up', 'rule' => $rule,
                'class' => '', 'message' => $detail, 'file' => $file['path'], 'line' => $line]);
        }
    }
    if ($isRefused) {
        $recorder->tell(['type' => 'end']);
        return;
    }
    $version = '';
    $direction = 'boot';
    try {
        $app = boot($recorder, $request['clone']);
        $pdo = $app['db']->connection()->getPdo();
        $settings = $pdo->query($request['settings']);
        $recorder->tell(['type' => 'session'] + $settings->fetch(PDO::FETCH_ASSOC));
        $migrations = [];
        $direction = 'up';
        foreach ($files as $file) {
            $version = $file['version'];
            $migrations[$version] = load($file['path']);
            if (method_exists($migrations[$version], 'up')) {
                runMethod($app, $recorder, $migrations[$version], $version, 'up');
            }
            $recorder->tell(['type' => 'ran', 'version' => $version, 'direction' => 'up']);
        }
        $direction = 'down';
        foreach (array_reverse($migrations, true) as $version => $migration) {
            $version = (string) $version;
            if (method_exists($migration, 'down')) {
                try {
                    runMethod($app, $recorder, $migration, $version, 'down');
                } catch (\Exception $error) {
                    if ($recorder->refused !== null || $recorder->sent > 0) {
                        throw $error;
                    }
                    // Its author says that nothing leads back by it.
                    tellFailure($recorder, $version, 'down', $error);
                    continue;
                }
            }
            $recorder->tell(['type' => 'ran', 'version' => $version, 'direction' => 'down']);
        }
    } catch (Throwable $error) {
        tellFailure($recorder, $version, $direction, $error);
    }
    $recorder->tell(['type' => 'end']);
}

// Behind this the request is added: main([…]).
