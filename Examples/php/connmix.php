<?php

/**
 * The surface of the old connmix PHP client, over connmix-durable. One file, no dependencies, PHP 7.4 or newer.
 *
 * An existing script changes its first line and how it is started:
 *
 *     require __DIR__ . '/connmix.php';          // was: vendor/autoload.php
 *
 *     connmix-durable consume --topic foo --timeout 30 --worker php script.php
 *
 * `on()` and `run()` work as before: `$onConnect` runs once, `$onMessage` for each message, with its commands committed together with the
 * mark that the message is done, or not at all. A closure that throws is a failed attempt: the message is tried again with growing pauses.
 * Throw `\Connmix\PermanentError` to give it up at once, `\Connmix\RetryAfter` to choose the pause.
 *
 * Active pushes (`$client->random()`, `$client->node()`) go to `consume --listen HOST:PORT`: name that address with `setHost()` and its
 * token with `setToken()`, or both in the environment (`CONNMIX_LISTEN`, `CONNMIX_LISTEN_TOKEN`), which goes before. They return once the
 * command is committed and the engine has answered.
 *
 * What differs from the old client is listed in docs/moving-from-php.md.
 */

declare(strict_types=1);

namespace Connmix;

// Warnings and errors belong to stderr: stdout is the line to connmix-durable.
if (PHP_SAPI === 'cli' && filter_var(ini_get('display_errors'), FILTER_VALIDATE_BOOLEAN)) {
    ini_set('display_errors', 'stderr');
}

/** The message can never be handled: it is dead at once, with this reason. */
class PermanentError extends \RuntimeException
{
}

/** The message is tried again after so many seconds. */
class RetryAfter extends \RuntimeException
{
    /** @var float */
    public $seconds;

    public function __construct(float $seconds, string $reason = 'tried again later', ?\Throwable $previous = null)
    {
        parent::__construct($reason, 0, $previous);
        $this->seconds = is_finite($seconds) ? max(0.0, $seconds) : 0.0;
    }
}

interface MessageInterface
{
    public function payload(): string;

    /** `consume` for a message; `result` or `error` for the answer to an active push. */
    public function type(): string;

    public function method(): string;

    public function event(): string;

    public function error(): ?array;

    /** Of the entry in the journal, or of the command in the outbox. */
    public function id(): ?int;

    public function params(): ?array;

    public function nodeID(): string;

    /** Digits, as text: they may be more than an integer holds in other languages. */
    public function clientID(): string;

    public function topic(): string;

    public function data(): ?array;

    public function result(): ?array;

    public function success(): bool;

    public function fail(): int;

    public function total(): int;
}

interface AsyncNodeInterface
{
    public function message(): MessageInterface;

    public function consume(string ...$topics): int;

    public function setContextValue($clientId, string $key, $value): int;

    public function setContext($clientId, array $data): int;

    public function subscribe($clientId, string ...$channels): int;

    public function unsubscribe($clientId, string ...$channels): int;

    public function send(string $method, array $params = []): int;

    public function meshSend($clientId, string $data): int;

    public function meshPublish(string $channel, string $data): int;

    public function close(): void;
}

interface SyncNodeInterface
{
    public function setContextValue($clientId, string $key, $value): MessageInterface;

    public function setContext($clientId, array $data): MessageInterface;

    public function subscribe($clientId, string ...$channels): MessageInterface;

    public function unsubscribe($clientId, string ...$channels): MessageInterface;

    public function send(string $method, array $params = []): MessageInterface;

    public function meshSend($clientId, string $data): MessageInterface;

    public function meshPublish(string $channel, string $data): MessageInterface;

    public function close(): void;
}

/** A message, or an answer. */
final class Message implements MessageInterface
{
    /** @var string */
    private $raw;
    /** @var array */
    private $line;

    public function __construct(string $raw, array $line)
    {
        $this->raw = $raw;
        $this->line = $line;
    }

    public function payload(): string
    {
        return $this->raw;
    }

    public function type(): string
    {
        if (isset($this->line['topic'])) {
            return 'consume';
        }
        return isset($this->line['E']) ? 'error' : 'result';
    }

    public function method(): string
    {
        return '';
    }

    public function event(): string
    {
        return isset($this->line['topic']) ? 'queue.pop' : '';
    }

    public function error(): ?array
    {
        return $this->line['E'] ?? null;
    }

    public function id(): ?int
    {
        return isset($this->line['id']) ? (int) $this->line['id'] : null;
    }

    public function params(): ?array
    {
        if (!isset($this->line['topic'])) {
            return null;
        }
        return ['n' => $this->nodeID(), 'c' => $this->clientID(), 't' => $this->topic(), 'd' => $this->line['data'] ?? null];
    }

    public function nodeID(): string
    {
        return (string) ($this->line['node'] ?? '');
    }

    public function clientID(): string
    {
        return (string) ($this->line['client'] ?? '');
    }

    public function topic(): string
    {
        return (string) ($this->line['topic'] ?? '');
    }

    public function data(): ?array
    {
        $data = $this->line['data'] ?? [];
        return is_array($data) ? $data : null;
    }

    /** Which attempt at this message it is, from 1. */
    public function attempt(): int
    {
        return (int) ($this->line['attempt'] ?? 1);
    }

    public function result(): ?array
    {
        return $this->line['r'] ?? null;
    }

    public function success(): bool
    {
        $result = $this->result();
        // A publish counts; one that reached nobody was done all the same.
        return $result !== null && $this->error() === null && ($result['s'] ?? false) !== false;
    }

    public function fail(): int
    {
        return (int) ($this->result()['f'] ?? 0);
    }

    public function total(): int
    {
        $result = $this->result() ?? [];
        if (isset($result['t'])) {
            return (int) $result['t'];
        }
        return is_int($result['s'] ?? null) ? $result['s'] + $this->fail() : 0;
    }
}

/** Makes requests as on the wire. What cannot be sent is refused here, by the name of its argument. */
final class Request
{
    /** @param int|string $clientId */
    public static function subscribe($clientId, array $channels): array
    {
        return self::call('subscribe', $clientId, 'subscribe', $channels, ['channels' => $channels]);
    }

    /** @param int|string $clientId */
    public static function unsubscribe($clientId, array $channels): array
    {
        return self::call('unsubscribe', $clientId, 'unsubscribe', $channels, ['channels' => $channels]);
    }

    /** @param int|string $clientId */
    public static function setContextValue($clientId, string $key, $value): array
    {
        return self::call('setContextValue', $clientId, 'set_context_value', [$key, $value], ['key' => $key, 'value' => $value]);
    }

    /** @param int|string $clientId */
    public static function setContext($clientId, array $data): array
    {
        return self::call('setContext', $clientId, 'set_context', [(object) $data], ['data' => $data]);
    }

    /** @param int|string $clientId */
    public static function meshSend($clientId, string $data): array
    {
        return self::checked('meshSend', ['client id' => (string) $clientId], self::mesh('mesh.send', (string) $clientId, $data));
    }

    public static function meshPublish(string $channel, string $data): array
    {
        return self::checked('meshPublish', ['channel' => $channel], self::mesh('mesh.publish', $channel, $data));
    }

    public static function send(string $method, array $params): array
    {
        $request = ['m' => $method, 'p' => $params === [] ? new \stdClass() : $params];
        return self::checked('send', ['method' => $method, 'params' => $params], $request);
    }

    public static function json($value): string
    {
        return json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION);
    }

    /** Text as it is; what is not UTF-8 goes as binary. */
    private static function mesh(string $method, string $target, string $data): array
    {
        $isText = preg_match('//u', $data) === 1;
        $params = ['c' => $target, 'd' => $isText ? $data : base64_encode($data)];
        return ['m' => $method, 'p' => $isText ? $params : $params + ['t' => 'binary']];
    }

    /** @param int|string $clientId */
    private static function call(string $caller, $clientId, string $function, array $arguments, array $named): array
    {
        $request = ['m' => 'conn.call', 'p' => ['c' => (string) $clientId, 'f' => $function, 'a' => $arguments]];
        return self::checked($caller, ['client id' => (string) $clientId] + $named, $request);
    }

    private static function checked(string $caller, array $named, array $request): array
    {
        try {
            self::json($request);
        } catch (\JsonException $error) {
            $reason = $error->getCode() === JSON_ERROR_UTF8 ? 'Malformed UTF-8' : $error->getMessage();
            throw new \JsonException("$reason: the " . self::culprit($named) . " of $caller", $error->getCode());
        }
        return $request;
    }

    private static function culprit(array $named): string
    {
        foreach ($named as $name => $value) {
            try {
                self::json($value);
            } catch (\JsonException $error) {
                return $name;
            }
        }
        return implode(' or ', array_keys($named));
    }
}

/** What a handler gets: its message, and commands that are committed when it returns. */
final class AsyncNode implements AsyncNodeInterface
{
    /** @var ?MessageInterface */
    private $message;
    /** @var array[] */
    private $commands = [];
    /** @var int */
    private static $lastID = 0;

    public function __construct(?MessageInterface $message)
    {
        $this->message = $message;
    }

    public function message(): MessageInterface
    {
        if ($this->message === null) {
            throw new \LogicException('there is no message in onConnect');
        }
        return $this->message;
    }

    /** The topics are those of `connmix-durable consume --topic`; nothing is done here. */
    public function consume(string ...$topics): int
    {
        return ++self::$lastID;
    }

    /** The method's later name. */
    public function pop(string ...$topics): int
    {
        return $this->consume(...$topics);
    }

    public function setContextValue($clientId, string $key, $value): int
    {
        return $this->add(Request::setContextValue($clientId, $key, $value));
    }

    public function setContext($clientId, array $data): int
    {
        return $this->add(Request::setContext($clientId, $data));
    }

    public function subscribe($clientId, string ...$channels): int
    {
        return $this->add(Request::subscribe($clientId, $channels));
    }

    public function unsubscribe($clientId, string ...$channels): int
    {
        return $this->add(Request::unsubscribe($clientId, $channels));
    }

    public function send(string $method, array $params = []): int
    {
        return $this->add(Request::send($method, $params));
    }

    public function meshSend($clientId, string $data): int
    {
        return $this->add(Request::meshSend($clientId, $data));
    }

    public function meshPublish(string $channel, string $data): int
    {
        return $this->add(Request::meshPublish($channel, $data));
    }

    /** The connections are connmix-durable's. */
    public function close(): void
    {
    }

    /** @return array[] */
    public function takeCommands(): array
    {
        [$commands, $this->commands] = [$this->commands, []];
        return $commands;
    }

    private function add(array $command): int
    {
        if ($this->message === null) {
            throw new \LogicException('commands belong to a message; from elsewhere push with $client->random()');
        }
        $this->commands[] = $command;
        return ++self::$lastID;
    }
}

/** Active pushes: committed to the outbox of a running `consume --listen`, then sent until the engine answers. */
final class SyncNode implements SyncNodeInterface
{
    /** @var string */
    private $address;
    /** @var string */
    private $token;
    /** @var float */
    private $timeout;

    public function __construct(string $address, string $token, float $timeout)
    {
        $token = trim($token);
        if (preg_match('/[^\x21-\x7e]/', $token) === 1) {
            throw new \InvalidArgumentException('the token of consume --listen is one word of letters, digits and signs');
        }
        $this->address = $address;
        $this->token = $token;
        $this->timeout = $timeout;
    }

    public function setContextValue($clientId, string $key, $value): MessageInterface
    {
        return $this->command(Request::setContextValue($clientId, $key, $value));
    }

    public function setContext($clientId, array $data): MessageInterface
    {
        return $this->command(Request::setContext($clientId, $data));
    }

    public function subscribe($clientId, string ...$channels): MessageInterface
    {
        return $this->command(Request::subscribe($clientId, $channels));
    }

    public function unsubscribe($clientId, string ...$channels): MessageInterface
    {
        return $this->command(Request::unsubscribe($clientId, $channels));
    }

    public function send(string $method, array $params = []): MessageInterface
    {
        return $this->command(Request::send($method, $params));
    }

    public function meshSend($clientId, string $data): MessageInterface
    {
        return $this->command(Request::meshSend($clientId, $data));
    }

    public function meshPublish(string $channel, string $data): MessageInterface
    {
        return $this->command(Request::meshPublish($channel, $data));
    }

    public function close(): void
    {
    }

    private function command(array $request): MessageInterface
    {
        if (!filter_var(ini_get('allow_url_fopen'), FILTER_VALIDATE_BOOLEAN)) {
            throw new \RuntimeException('pushes go over HTTP: set allow_url_fopen in php.ini');
        }
        $wait = json_encode(min(300.0, $this->timeout > 2.0 ? $this->timeout - 1.0 : $this->timeout / 2));
        $headers = ['Content-Type: application/json', 'Connection: close'];
        if ($this->token !== '') {
            $headers[] = 'Authorization: Bearer ' . $this->token;
        }
        $context = stream_context_create(['http' => [
            'method' => 'POST',
            'header' => implode("\r\n", $headers),
            'content' => Request::json($request),
            'timeout' => $this->timeout,
            'ignore_errors' => true,
        ]]);
        $stream = @fopen("http://{$this->address}/v1/command?wait=$wait", 'rb', false, $context);
        $body = $stream === false ? false : stream_get_contents($stream);
        $facts = $stream === false ? [] : stream_get_meta_data($stream);
        if ($stream !== false) {
            fclose($stream);
        }
        if ($body === false || !empty($facts['timed_out'])) {
            throw new \RuntimeException("connmix-durable does not answer at {$this->address}; is `consume --listen` running there?");
        }
        $status = (int) (explode(' ', $facts['wrapper_data'][0] ?? '')[1] ?? 0);
        $answer = json_decode($body, true, 512, JSON_BIGINT_AS_STRING);
        if (is_int($answer['id'] ?? null)) {
            if ($status === 200) {
                return new Message($body, $answer);
            }
            if ($status === 202 || $status === 504) {
                // It is in the outbox and will be sent; only its answer is not known yet.
                return new Message($body, ['id' => $answer['id'], 'E' => ['c' => 0, 'm' => 'no answer yet; it is sent all the same']]);
            }
        }
        $reason = $answer['error'] ?? null;
        // The center answers 404 in the same form; of `consume --listen` this path and method are known.
        if (!is_string($reason) || $status === 404 || $status === 405) {
            throw new \RuntimeException("{$this->address} answered $status and is not `consume --listen`; is it the center?");
        }
        $hint = $status === 401 ? '; give it with setToken(), or in CONNMIX_LISTEN_TOKEN' : '';
        throw new \RuntimeException("connmix-durable answered $status: $reason$hint");
    }
}

final class Client
{
    /** @var string */
    private $host;
    /** @var float */
    private $timeout;
    /** @var string */
    private $token;
    /** @var ?Worker */
    private $worker;

    public function __construct(string $host, float $timeout, string $token = '')
    {
        $this->host = $host;
        $this->timeout = $timeout;
        $this->token = $token;
    }

    public function on(callable $onConnect, callable $onMessage, callable $onError): void
    {
        $this->worker = new Worker($onMessage, $onError, $onConnect);
        $this->worker->guardOutput();
    }

    /** For active pushes. */
    public function random(): SyncNodeInterface
    {
        $address = getenv('CONNMIX_LISTEN') ?: $this->host;
        return new SyncNode($address, getenv('CONNMIX_LISTEN_TOKEN') ?: $this->token, $this->timeout);
    }

    /** Which node a command goes to is connmix-durable's business. */
    public function node(?string $id = null): SyncNodeInterface
    {
        return $this->random();
    }

    public function close(): void
    {
    }

    /**
     * Handles messages until connmix-durable closes stdin.
     *
     * @param int $limit after so many the process ends, and another one takes its place; 0 is for ever
     */
    public function run(int $limit = 0): void
    {
        if ($this->worker === null) {
            throw new \LogicException('call on() before run()');
        }
        $this->worker->run($limit);
    }
}

final class ClientBuilder
{
    /** @var string */
    private $host = '127.0.0.1:6787';
    /** @var float */
    private $timeout = 10.0;
    /** @var string */
    private $token = '';

    public static function create(): self
    {
        return new self();
    }

    /** For active pushes: where `consume --listen` listens. Messages come over stdin. */
    public function setHost(string $host): self
    {
        $this->host = $host;
        return $this;
    }

    /** For active pushes: what `consume --listen-token-file` holds. A file's last line end does no harm. */
    public function setToken(string $token): self
    {
        $this->token = $token;
        return $this;
    }

    public function setTimeout(float $timeout): self
    {
        $this->timeout = $timeout;
        return $this;
    }

    public function build(): Client
    {
        return new Client($this->host, $this->timeout, $this->token);
    }
}

/** The worker protocol of connmix-durable: a line of JSON in, a line out. */
final class Worker
{
    /** The journal keeps 4 KiB of an error: beside a long message its place and what it came from must have room. */
    private const MESSAGE_LIMIT = 2000;
    private const PREVIOUS_LIMIT = 500;
    private const MOST_PREVIOUS = 3;
    private const FATAL = E_ERROR | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;

    /** @var callable */
    private $onMessage;
    /** @var ?callable */
    private $onError;
    /** @var ?callable */
    private $onConnect;
    /** @var ?int The message in hand. */
    private $held;
    /** @var string The end of what the handler printed. */
    private $printed = '';
    /** @var bool */
    private $isGuarded = false;
    /** @var bool */
    private $hasRun = false;
    /** @var int How many output buffers there are but for the handler's own. */
    private $level = 0;

    public function __construct(callable $onMessage, ?callable $onError = null, ?callable $onConnect = null)
    {
        [$this->onMessage, $this->onError, $this->onConnect] = [$onMessage, $onError, $onConnect];
    }

    public function run(int $limit = 0): void
    {
        $this->hasRun = true;
        $this->guardOutput();
        if ($this->onConnect !== null) {
            ($this->onConnect)(new AsyncNode(null));
        }
        $this->settleOutput();
        for ($number = 1; ($line = fgets(STDIN)) !== false; $number++) {
            // Whatever the engine takes is read; data nested deeper is nobody's.
            $message = json_decode($line, true, 100000, JSON_BIGINT_AS_STRING | JSON_INVALID_UTF8_SUBSTITUTE);
            if (!is_array($message)) {
                $id = preg_match('/"id":(\d+)/', $line, $found) ? (int) $found[1] : 0;
                $this->held = $id;
                $this->answer(['ok' => false, 'error' => 'PHP cannot read the message: ' . json_last_error_msg(), 'permanent' => true]);
                continue;
            }
            $this->held = (int) $message['id'];
            $answer = $this->handle(new Message(rtrim($line, "\n"), $message));
            $this->settleOutput();
            $this->answer($number === $limit ? $answer + ['last' => true] : $answer);
            if ($number === $limit) {
                return;
            }
        }
    }

    private function handle(Message $message): array
    {
        $node = new AsyncNode($message);
        try {
            ($this->onMessage)($node);
            return ['ok' => true, 'commands' => $node->takeCommands()];
        } catch (\Throwable $error) {
            $words = self::words($error);
            $this->tell($words);
            if ($this->onError !== null) {
                try {
                    ($this->onError)($error);
                } catch (\Throwable $other) {
                    $this->settleOutput();
                    fwrite(STDERR, 'onError threw: ' . self::words($other) . "\n");
                }
            }
            $answer = ['ok' => false, 'error' => $words];
            if ($error instanceof PermanentError) {
                return $answer + ['permanent' => true];
            }
            return $error instanceof RetryAfter ? $answer + ['retry_after' => $error->seconds] : $answer;
        }
    }

    /** Before the trace that `onError` may print, and behind what the handler printed: which message the lines are about. */
    private function tell(string $words): void
    {
        $this->settleOutput();
        fwrite(STDERR, "entry {$this->held}: $words\n");
    }

    /** The error with its place, and what it came from. */
    private static function words(\Throwable $error): string
    {
        $isReason = ($error instanceof PermanentError || $error instanceof RetryAfter) && trim($error->getMessage()) !== '';
        $words = $isReason ? self::cut($error->getMessage(), self::MESSAGE_LIMIT) : self::named($error, self::MESSAGE_LIMIT);
        for ($depth = 0; ($error = $error->getPrevious()) !== null; $depth++) {
            if ($depth === self::MOST_PREVIOUS) {
                return "$words <- …";
            }
            $words .= ' <- ' . self::named($error, self::PREVIOUS_LIMIT);
        }
        return $words;
    }

    private static function named(\Throwable $error, int $limit): string
    {
        $class = explode("\0", get_class($error))[0]; // an anonymous class has its path behind that
        $message = trim($error->getMessage());
        return ($message === '' ? $class : "$class: " . self::cut($message, $limit)) . ' (' . self::place($error) . ')';
    }

    /** Where the handler is: what it did wrong may be noticed in this file. */
    private static function place(\Throwable $error): string
    {
        [$file, $line] = [$error->getFile(), $error->getLine()];
        foreach ($file === __FILE__ ? $error->getTrace() : [] as $frame) {
            if (isset($frame['file'], $frame['line']) && $frame['file'] !== __FILE__) {
                [$file, $line] = [$frame['file'], $frame['line']];
                break;
            }
        }
        return basename($file) . ":$line";
    }

    private static function cut(string $text, int $limit): string
    {
        if (strlen($text) <= $limit) {
            return $text;
        }
        // Without the part of a character.
        return preg_replace('/[\xC0-\xFF][\x80-\xBF]{0,2}$/D', '', substr($text, 0, $limit)) . '…';
    }

    private function answer(array $answer): void
    {
        $flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE | JSON_PRESERVE_ZERO_FRACTION;
        $line = json_encode(['id' => $this->held] + $answer, $flags);
        $this->held = null;
        fwrite(STDOUT, "$line\n");
        fflush(STDOUT);
    }

    /** stdout belongs to the protocol: what a handler prints, and PHP's own warnings, go to stderr. */
    public function guardOutput(): void
    {
        if ($this->isGuarded) {
            return;
        }
        $this->isGuarded = true;
        ini_set('display_errors', 'stderr');
        ini_set('html_errors', '0');
        if ((string) ini_get('error_log') === '') {
            ini_set('log_errors', '0'); // it would say the same once more
        }
        if (headers_sent($file, $line)) {
            // PHP keeps it for its headers: where output began.
            $rule = 'stdout takes answers only. A blank line or a BOM before <?php is printed, too';
            fwrite(STDERR, 'connmix.php: ' . basename($file) . ":$line printed before on(): $rule\n");
        }
        $this->startBuffer();
        $process = getmypid();
        register_shutdown_function(function () use ($process): void {
            // A child that a handler forked answers for nobody.
            if (getmypid() === $process) {
                $this->processEnds();
            }
        });
    }

    private function processEnds(): void
    {
        $last = error_get_last();
        $fatal = $last !== null && ($last['type'] & self::FATAL) !== 0 ? $last : null;
        if ($this->held === null) {
            if (!$this->hasRun && $fatal === null) {
                $this->settleOutput();
                fwrite(STDERR, "connmix.php: the script ended without calling run(): no message is handled; end it with \$client->run()\n");
            }
            return;
        }
        // exit(), die() or a fatal error in the midst of a message. Where memory was short the answer must have room.
        ini_set('memory_limit', '-1');
        $this->endBuffers();
        $printed = trim($this->printed);
        if ($fatal !== null) {
            $why = self::cut($fatal['message'], self::MESSAGE_LIMIT) . ' (' . basename($fatal['file']) . ":{$fatal['line']})";
        } else {
            $why = 'the handler ended the process (exit or die)' . ($printed === '' ? '' : ": $printed");
        }
        $this->tell($why);
        $this->answer(['ok' => false, 'error' => $why, 'last' => true]);
    }

    private function startBuffer(): void
    {
        // Written at once: what a handler prints before it hangs says where it hangs.
        ob_start(function (string $text): string {
            if ($text !== '') {
                @fwrite(STDERR, $text);
                $this->printed = substr($this->printed . $text, -4096);
            }
            return '';
        }, 1);
        $this->level = ob_get_level();
    }

    private function endBuffers(): void
    {
        // One that may not be removed stays.
        while (ob_get_level() > $this->level && @ob_end_flush()) {
        }
    }

    /** Ends the line that a handler printed last, and puts output right for what comes. */
    private function settleOutput(): void
    {
        // A handler may have left its own buffers open, or closed ours.
        $this->endBuffers();
        if ($this->printed !== '' && substr($this->printed, -1) !== "\n") {
            @fwrite(STDERR, "\n");
        }
        $this->printed = '';
        if (ob_get_level() < $this->level) {
            $this->startBuffer();
        }
    }
}
