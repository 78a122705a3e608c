/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests, replies, and blocks over sockets, pipes and files. */
#include "config.h"

#include "exoauth/clock.h"
#include "exoauth/proto.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "util.h"
#include "../lib/whole.h"

#define V "exoauth: 1\n"

static int parse_request(const char *text, struct exo_request *request,
                         struct exo_buf *copy)
{
    static struct exo_block block;

    exo_buf_reset(copy);
    exo_buf_str(copy, text);
    assert_int_equal(
        exo_block_parse(&block, copy->data, copy->len, EXO_BLOCK_MESSAGE),
        EXO_OK);
    return exo_request_parse(request, &block);
}

static void requests(void **state)
{
    static const char full[] = V "get: a@b.c\nserver: smtp.x\nmin_ttl: 600\n"
                                 "reject: 42\nnowait: yes\nforwarded: yes\n"
                                 "\n";
    static const char small[] = V "get: a@b.c\n\n";
    struct exo_buf copy = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_buf out = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_request request;

    (void)state;
    assert_int_equal(parse_request(full, &request, &copy), EXO_OK);
    assert_string_equal(request.get, "a@b.c");
    assert_string_equal(request.server, "smtp.x");
    assert_int_equal(request.min_ttl, 600);
    assert_int_equal(request.reject, 42);
    assert_true(request.nowait);
    assert_true(request.forwarded);
    exo_request_put(&out, &request);
    assert_string_equal(whole_text(&out), full);
    exo_buf_reset(&out);

    assert_int_equal(parse_request(small, &request, &copy), EXO_OK);
    assert_null(request.server);
    assert_int_equal(request.min_ttl, -1);
    assert_int_equal(request.reject, -1);
    assert_false(request.nowait);
    assert_false(request.forwarded);
    exo_request_put(&out, &request);
    assert_string_equal(whole_text(&out), small);
    exo_buf_reset(&out);

    request.get = "a\nb";
    exo_request_put(&out, &request);
    assert_int_equal(out.error, EXO_E_SYNTAX);
    exo_buf_free(&out);
    exo_buf_free(&copy);
}

static void requests_refused(void **state)
{
    static const struct {
        const char *text;
        int rc;
    } table[] = {
        { V "\n", EXO_E_SYNTAX },
        { V "get:\n\n", EXO_E_SYNTAX },
        { V "get: a\nmin_ttl: x\n\n", EXO_E_SYNTAX },
        { V "get: a\nmin_ttl: -1\n\n", EXO_E_SYNTAX },
        { V "get: a\nreject:\n\n", EXO_E_SYNTAX },
        { V "get: a\nnowait: perhaps\n\n", EXO_E_SYNTAX },
        { V "get: a\nforwarded: perhaps\n\n", EXO_E_SYNTAX },
        { V "get: a\nnowait: no\nserver:\nfuture: x\n\n", EXO_OK },
    };
    struct exo_buf copy = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_request request;

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++)
        assert_int_equal(parse_request(table[i].text, &request, &copy),
                         table[i].rc);
    assert_null(request.server);
    exo_buf_free(&copy);
}

#define TOKEN                                                              \
    "account: a@b.c\nservers: s\nserial: 1\nissued: 1\nrefresh_after: 2\n" \
    "usable_until: 3\nexpires: 4\ntoken: t\n"

static const struct {
    const char *text;
    int rc;
    enum exo_status status;
    const char *message;
    int64_t retry_after;
} reply_table[] = {
    { V "status: ok\n" TOKEN "\n", 0, EXO_STATUS_OK, NULL, 0 },
    { V "status: ok\nx: y\n" TOKEN "\n", 0, EXO_STATUS_OK, NULL, 0 },
    { V "status: no-account\nmessage: m\n\n", 0, EXO_STATUS_NO_ACCOUNT, "m",
      0 },
    { V "status: denied\nmessage: m\n\n", 0, EXO_STATUS_DENIED, "m", 0 },
    { V "status: needs-login\nmessage: m\n\n", 0, EXO_STATUS_NEEDS_LOGIN, "m",
      0 },
    { V "status: transient\nmessage: m\nretry_after: 9\n\n", 0,
      EXO_STATUS_TRANSIENT, "m", 9 },
    { V "status: misconfigured\n\n", 0, EXO_STATUS_MISCONFIGURED,
      "no reason was given", 0 },
    { V "\n", EXO_E_SYNTAX, EXO_STATUS_TRANSIENT, NULL, 0 },
    { V "status: fine\n\n", EXO_E_SYNTAX, EXO_STATUS_TRANSIENT, NULL, 0 },
    { V "status: store\n\n", EXO_E_SYNTAX, EXO_STATUS_TRANSIENT, NULL, 0 },
    { V "status: usage\n\n", EXO_E_SYNTAX, EXO_STATUS_TRANSIENT, NULL, 0 },
    { V "status: ok\n\n", EXO_E_SYNTAX, EXO_STATUS_TRANSIENT, NULL, 0 },
    { V "status: ok\naccount: a\nservers: s\ncredential: c\n\n", EXO_E_SYNTAX,
      EXO_STATUS_TRANSIENT, NULL, 0 },
    { V "status: transient\nmessage: m\nretry_after: soon\n\n", EXO_E_SYNTAX,
      EXO_STATUS_TRANSIENT, NULL, 0 },
};

static void replies(void **state)
{

    (void)state;
    for (size_t i = 0; i < N_OF(reply_table); i++) {
        struct exo_buf copy = EXO_BUF_INIT(EXO_BLOCK_SIZE);
        struct exo_block block;
        struct exo_reply reply;

        exo_buf_str(&copy, reply_table[i].text);
        assert_int_equal(
            exo_block_parse(&block, copy.data, copy.len, EXO_BLOCK_MESSAGE),
            EXO_OK);
        assert_int_equal(exo_reply_parse(&reply, &block), reply_table[i].rc);
        assert_int_equal(reply.status, reply_table[i].status);
        assert_int_equal(reply.retry_after, reply_table[i].retry_after);
        if (reply_table[i].rc == EXO_OK && reply_table[i].message != NULL)
            assert_string_equal(reply.message, reply_table[i].message);
        if (reply.status == EXO_STATUS_OK) {
            struct exo_buf out = EXO_BUF_INIT(EXO_BLOCK_SIZE);

            assert_null(reply.message);
            assert_string_equal(reply.token.token, "t");
            exo_reply_put(&out, &reply);
            assert_string_equal(whole_text(&out), reply_table[0].text);
            exo_buf_free(&out);
        }
        exo_buf_free(&copy);
    }
}

static void replies_written(void **state)
{
    static const struct {
        struct exo_reply reply;
        const char *text;
    } table[] = {
        { { .status = EXO_STATUS_STORE, .message = "m", .retry_after = 5 },
          V "status: transient\nmessage: m\nretry_after: 5\n\n" },
        { { .status = EXO_STATUS_BUG, .message = "" },
          V "status: transient\nmessage: no reason was given\n\n" },
        { { .status = EXO_STATUS_DENIED, .message = NULL },
          V "status: denied\nmessage: no reason was given\n\n" },
    };

    (void)state;
    for (size_t i = 0; i < N_OF(table); i++) {
        struct exo_buf out = EXO_BUF_INIT(EXO_BLOCK_SIZE);

        exo_reply_put(&out, &table[i].reply);
        assert_string_equal(whole_text(&out), table[i].text);
        exo_buf_free(&out);
    }
}

/* ---- messages ----------------------------------------------------------- */

struct sender {
    int fd;
    const char *text;
    size_t len, piece;
    pthread_t thread;
};

static void *send_pieces(void *arg)
{
    struct sender *sender = arg;

    for (size_t at = 0; at < sender->len; at += sender->piece) {
        size_t n = sender->len - at;

        if (n > sender->piece)
            n = sender->piece;
        if (write(sender->fd, sender->text + at, n) != (ssize_t)n)
            break;
    }
    (void)close(sender->fd);
    return NULL;
}

static int read_sent(const char *text, size_t len, size_t piece, bool pipes,
                     struct exo_buf *in, struct exo_block *block)
{
    struct sender sender = { .text = text, .len = len, .piece = piece };
    int fds[2], rc;

    assert_int_equal(
        pipes ? pipe2(fds, O_CLOEXEC)
              : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
        0);
    sender.fd = fds[1];
    assert_int_equal(pthread_create(&sender.thread, NULL, send_pieces, &sender),
                     0);
    rc = exo_message_read(fds[0], exo_clock_ms() + 60000, in, block);
    (void)close(fds[0]);
    assert_int_equal(pthread_join(sender.thread, NULL), 0);
    return rc;
}

static void messages_arrive(void **state)
{
    static const char text[] = V "a: b\nc: d\n\nrest";
    static const struct {
        const char *text;
        int rc;
    } table[] = {
        { text, EXO_OK },
        { V "\n", EXO_OK },
        { "\n", EXO_E_SYNTAX },
        { "\n" V "\n", EXO_E_SYNTAX },
        { "HTTP/1.1 400 Bad\r\n\r\n", EXO_E_SHORT },
        { "garbage\n\n", EXO_E_SYNTAX },
        { "", EXO_E_SHORT },
        { V "a: b\n", EXO_E_SHORT },
        { V "a: b", EXO_E_SHORT },
        { "exoauth: 3\n\n", EXO_E_VERSION },
    };

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN); /* the reader stops before the rest */
    for (size_t i = 0; i < N_OF(table); i++) {
        for (size_t piece = 1; piece < 32; piece += piece) {
            for (int pipes = 0; pipes < 2; pipes++) {
                struct exo_buf in = EXO_BUF_INIT(EXO_BLOCK_SIZE);
                struct exo_block block;

                assert_int_equal(read_sent(table[i].text, strlen(table[i].text),
                                           piece, pipes, &in, &block),
                                 table[i].rc);
                if (i == 0)
                    assert_string_equal(exo_block_get(&block, "c"), "d");
                exo_buf_free(&in);
            }
        }
    }
    (void)signal(SIGPIPE, SIG_DFL);
}

static void long_messages(void **state)
{
    struct exo_buf text = EXO_BUF_INIT(1 << 20);
    struct exo_buf in = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_block block;

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    exo_buf_str(&text, V "#");
    while (text.len < EXO_BLOCK_SIZE - 2)
        exo_buf_add(&text, "c", 1);
    exo_buf_str(&text, "\n\n");
    assert_int_equal(read_sent(text.data, text.len, 1000, false, &in, &block),
                     EXO_OK);
    exo_buf_reset(&in);
    text.data[EXO_BLOCK_SIZE - 2] = 'c';
    exo_buf_str(&text, "\n\n");
    assert_int_equal(read_sent(text.data, text.len, 1000, false, &in, &block),
                     EXO_E_TOOBIG);
    exo_buf_free(&in);
    exo_buf_free(&text);
    (void)signal(SIGPIPE, SIG_DFL);
}

static void silence_ends_at_the_deadline(void **state)
{
    struct exo_buf in = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_block block;
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(exo_message_read(fds[0], exo_clock_ms() + 30, &in, &block),
                     EXO_E_TIMEOUT);
    assert_int_equal(exo_message_read(fds[0], exo_clock_ms() - 5, &in, &block),
                     EXO_E_TIMEOUT);
    assert_int_equal(write(fds[1], V "a:", 13), 13);
    assert_int_equal(exo_message_read(fds[0], exo_clock_ms() + 30, &in, &block),
                     EXO_E_TIMEOUT);
    assert_int_equal(write(fds[1], "b\n\n", 3), 3);
    /* What is there already is taken, and a read goes on where one stopped. */
    assert_int_equal(exo_message_read(fds[0], exo_clock_ms() - 5, &in, &block),
                     EXO_OK);
    assert_string_equal(exo_block_get(&block, "a"), "b");
    exo_buf_free(&in);
    (void)close(fds[0]);
    (void)close(fds[1]);
    assert_int_equal(exo_message_read(-1, exo_clock_ms() + 20, &in, &block),
                     EXO_E_TIMEOUT);
    exo_buf_free(&in);
}

static void from_a_file(void **state)
{
    struct place *place = *state;
    struct exo_buf in = EXO_BUF_INIT(EXO_BLOCK_SIZE);
    struct exo_block block;
    int fd;

    put_file(place, "file", 0600, V "get: a\n\n");
    fd = openat(place->fd, "file", O_RDONLY | O_CLOEXEC);
    assert_int_equal(exo_message_read(fd, exo_clock_ms() + 60000, &in, &block),
                     EXO_OK);
    assert_string_equal(exo_block_get(&block, "get"), "a");
    exo_buf_free(&in);
    (void)close(fd);
}

static void writes(void **state)
{
    struct exo_buf out = EXO_BUF_INIT(1 << 22);
    char got[64];
    int fds[2];

    (void)state;
    exo_buf_str(&out, "hello");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(exo_message_write(fds[0], exo_clock_ms() + 60000, &out),
                     EXO_OK);
    assert_int_equal(read(fds[1], got, sizeof got), 5);
    /* Nobody reads: a full queue ends at the deadline. */
    while (out.len < (1 << 21))
        exo_buf_fmt(&out, "%01000d", 1);
    assert_int_equal(exo_message_write(fds[0], exo_clock_ms() + 30, &out),
                     EXO_E_TIMEOUT);
    (void)close(fds[1]); /* and SIGPIPE does not end this program */
    assert_int_equal(exo_message_write(fds[0], exo_clock_ms() + 60000, &out),
                     EXO_E_IO);
    (void)close(fds[0]);

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(exo_message_write(fds[1], exo_clock_ms() + 30, &out),
                     EXO_E_TIMEOUT);
    (void)close(fds[0]);
    (void)close(fds[1]);
    out.error = EXO_E_SYNTAX;
    assert_int_equal(exo_message_write(-1, 0, &out), EXO_E_SYNTAX);
    exo_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(requests_refused),
        cmocka_unit_test(replies),
        cmocka_unit_test(replies_written),
        cmocka_unit_test(messages_arrive),
        cmocka_unit_test(long_messages),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test_setup_teardown(from_a_file, place_setup,
                                        place_teardown),
        cmocka_unit_test(writes),
    };

    return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
