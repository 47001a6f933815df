"""Plain speech to be read: what sentences mean that could be taken amiss, and what has no one meaning.

prod (tenant a)   frontend, its Service 80 -> 8080   api   redis, its Service 6379   db, its Service of db and old-db
dev (tenant b)    web                                api-2
ops               web, ops (also the namespace), Service metrics of web
kube-system       kube-dns and its Service, udp and tcp 53
"""

from __future__ import annotations

import pytest

from reachproof.network.errors import InputError
from reachproof.queries.packs import PackText, check
from tests.queries.given import deployment, namespace, network_policy, node, service, session

HERE = session(
    namespace("prod", tenant="a"),
    namespace("dev", tenant="b"),
    namespace("ops"),
    namespace("kube-system"),
    node("worker-1", "192.168.0.1"),
    deployment("prod/frontend"),
    deployment("prod/api"),
    deployment("prod/redis"),
    deployment("prod/db", part="db"),
    deployment("prod/old-db", part="db"),
    deployment("dev/web"),
    deployment("dev/api-2"),
    deployment("ops/web"),
    deployment("ops/ops"),
    deployment("kube-system/kube-dns"),
    service("prod/frontend", {"app": "frontend"}, {"port": 80, "targetPort": 8080}),
    service("prod/redis", {"app": "redis"}, {"port": 6379}),
    service("prod/db", {"part": "db"}, {"port": 5432}),
    service("ops/metrics", {"app": "web"}, {"port": 9090}),
    service(
        "kube-system/kube-dns",
        {"app": "kube-dns"},
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53},
    ),
    network_policy("prod/redis", {"app": "redis"}, ingress=[]),
)
FRONT, API, REDIS = (f"deployment prod/{name}" for name in ("frontend", "api", "redis"))
IN_PROD, IN_DEV = "pods in namespace prod", "pods in namespace dev"
DNS = "service kube-system/kube-dns on udp/53, tcp/53"


def understood(sentence: str) -> str:
    return HERE.question(sentence).query.exact


def refusal(sentence: str) -> str:
    with pytest.raises(InputError) as caught:
        HERE.question(sentence)
    return str(caught.value).removeprefix("query:1: ")


@pytest.mark.parametrize(
    ("sentence", "exact"),
    [
        # which way round
        ("can redis be reached by frontend?", f"can {FRONT} reach {REDIS}"),
        ("is traffic to redis from frontend blocked?", f"can {FRONT} reach {REDIS}"),
        ("does redis accept connections from frontend on 6379?", f"can {FRONT} reach {REDIS} on tcp/6379"),
        ("why is redis unreachable from frontend?", f"why can't {FRONT} reach {REDIS}"),
        ("what blocks frontend from reaching redis?", f"why can't {FRONT} reach {REDIS}"),
        ("what allows api to reach redis?", f"why can {API} reach {REDIS}"),
        ("is the internet reachable from dev?", f"can {IN_DEV} reach the internet"),
        ("is port 6379 on redis open to api?", f"can {API} reach {REDIS} on tcp/6379"),
        ("which ports on redis are open to api?", f"on which ports can {API} reach {REDIS}"),
        ("who can reach redis", f"which pods can reach {REDIS}"),
        ("what can redis reach", f"which pods can {REDIS} reach"),
        ("can prod/frontend connect to redis:6379?", f"can {FRONT} reach {REDIS} on tcp/6379"),
        # only, where it stands
        ("only frontend and api can reach redis", f"only {FRONT} or {API} can reach {REDIS}"),
        ("can only api reach redis?", f"only {API} can reach {REDIS}"),
        ("can api only reach redis?", f"{API} can reach only {REDIS}"),
        ("redis can only be reached by api", f"only {API} can reach {REDIS}"),
        (
            "frontend can only reach api on 9000 and kube-dns on udp/53",
            f"{FRONT} can reach only {API} on tcp/9000, or deployment kube-system/kube-dns on udp/53",
        ),
        # denials
        ("nobody but api can reach redis", f"no anything except {API} can reach {REDIS}"),
        ("nothing in dev can reach prod", f"no pod in namespace dev can reach {IN_PROD}"),
        ("neither frontend nor api can reach redis", f"no {FRONT} or {API} can reach {REDIS}"),
        ("dev must not talk to prod", f"no {IN_DEV.replace('pods', 'pod')} can reach {IN_PROD}"),
        ("prod isn't reachable from dev", f"no {IN_DEV.replace('pods', 'pod')} can reach {IN_PROD}"),
        ("make sure that frontend can't reach redis", f"no {FRONT} can reach {REDIS}"),
        ("no pod except api can reach redis on 6379", f"no pod except {API} can reach {REDIS} on tcp/6379"),
        # exceptions: of the side that has what is excepted
        ("can anything reach redis except api?", f"can anything except {API} reach {REDIS}"),
        ("can api reach prod except redis?", f"can {API} reach {IN_PROD} except {REDIS}"),
        ("which pods can reach redis except api?", f"which pods can reach {REDIS} except from {API}"),
        ("which pods can api reach except redis?", f"which pods can {API} reach except to {REDIS}"),
        ("no pod can reach prod except from dev", f"no pod can reach {IN_PROD} except from {IN_DEV}"),
        (
            "nothing can reach redis except api on 6379",
            f"no anything can reach {REDIS} except from {API} on tcp/6379",
        ),
        # names
        ("can web in dev reach redis?", f"can deployment dev/web reach {REDIS}"),
        ("can deploy/api reach svc/redis?", f"can {API} reach service prod/redis"),
        ("can the redis service reach api?", f"can service prod/redis reach {API}"),
        ("can api reach redis.prod.svc.cluster.local:6379?", f"can {API} reach service prod/redis on tcp/6379"),
        ('can "api" reach \'redis\'?', f"can {API} reach {REDIS}"),
        ("can frontend pods reach pods of redis?", f"can {FRONT} reach {REDIS}"),
        ("can metrics reach api?", f"can service ops/metrics reach {API}"),
        ("can pods in ops reach api?", f"can pods in namespace ops reach {API}"),
        ("can pods in prod or dev reach web in ops?", "can pods in namespaces prod or dev reach deployment ops/web"),
        ("can pods labelled app=web in dev reach api?", f"can pods labelled app=web in namespace dev reach {API}"),
        ("can worker-1 reach api?", f"can node worker-1 reach {API}"),
        # ports
        ("can the internet reach frontend on 80?", "can the internet reach service prod/frontend on tcp/80"),
        ("can the internet reach frontend on 8080?", f"can the internet reach {FRONT} on tcp/8080"),
        ("can the internet reach frontend over http?", "can the internet reach service prod/frontend on tcp/80"),
        ("can the internet reach deployment frontend on 80?", f"can the internet reach {FRONT} on tcp/80"),
        ("can api reach redis on redis?", f"can {API} reach {REDIS} on tcp/6379"),
        ("can anyone reach port 22?", "can anything reach any pod on tcp/22"),
        ("can api resolve dns?", f"can {API} reach {DNS}"),
        ("can api reach dns?", f"can {API} reach {DNS}"),
        # all of a set
        ("frontend can reach api on 80 or 90", f"every {FRONT} can reach {API} on any of tcp/80, tcp/90"),
        ("can frontend reach api on 80 or 90?", f"can {FRONT} reach {API} on tcp/80, tcp/90"),
        (
            "can every dev pod reach api on 80 or 90?",
            f"can every pod in namespace dev reach {API} on any of tcp/80, tcp/90",
        ),
        ("can all of prod reach redis on 6379?", f"can every pod in namespace prod reach {REDIS} on tcp/6379"),
        ("frontend should be able to reach api on 9000", f"every {FRONT} can reach {API} on tcp/9000"),
        ("every pod can reach service redis", "every pod can reach service prod/redis"),
        # isolation
        ("is dev isolated from prod?", "namespace dev is isolated from namespace prod"),
        (
            "is frontend isolated from redis?",
            f"no {FRONT} or {REDIS} can reach {FRONT} or {REDIS} "
            f"except from {FRONT} to {FRONT} and from {REDIS} to {REDIS}",
        ),
        ("can every dev pod reach api on 80 and 90?", f"can every pod in namespace dev reach {API} on tcp/80, tcp/90"),
        # what if
        (
            "if I delete policy redis, can api reach redis?",
            f"without networkpolicy prod/redis: can {API} reach {REDIS}",
        ),
        ("can api reach redis without policy redis?", f"without networkpolicy prod/redis: can {API} reach {REDIS}"),
        (
            "what changes if I remove policy redis?",
            "without networkpolicy prod/redis: what changed since snapshot now",
        ),
        (
            "if I delete netpol redis, can api reach redis?",
            f"without networkpolicy prod/redis: can {API} reach {REDIS}",
        ),
        # the rest
        ("everything that can reach redis", f"which pods can reach {REDIS}"),
        ("is anything in prod exposed?", "can outside the cluster reach any pod in namespace prod"),
        ("which pods in dev can reach prod?", f"which pods can reach {IN_PROD} except from pods except {IN_DEV}"),
        ("can api reach the metadata service?", f"can {API} reach 169.254.169.254"),
        ("is frontend publicly accessible?", f"can the internet reach {FRONT}"),
        ("is frontend open to the world?", f"can outside the cluster reach {FRONT}"),
        ("which namespaces can talk to each other?", "show reachability between namespaces"),
        ("which pods have no network policy for egress?", "which pods are selected by no network policy for egress"),
        ("does tenant a have a default deny?", "network policies enforce default deny for every pod in tenant a"),
        ("tenants must be isolated", "all tenants are isolated"),
        ("please can api still reach redis, please", f"can {API} reach {REDIS}"),
    ],
)  # fmt: skip
def test_a_sentence_means(sentence: str, exact: str) -> None:
    assert understood(sentence) == exact


@pytest.mark.parametrize(
    ("sentence", "choices"),
    [
        ("can web reach redis?", [f"can deployment dev/web reach {REDIS}", f"can deployment ops/web reach {REDIS}"]),
        ("can ops reach redis?", [f"can deployment ops/ops reach {REDIS}", f"can pods in namespace ops reach {REDIS}"]),
        ("can api reach db?", [f"can {API} reach deployment prod/db", f"can {API} reach service prod/db"]),
        (
            "can anything outside prod reach redis?",
            [f"can any pod outside namespace prod reach {REDIS}", f"can anything except {IN_PROD} reach {REDIS}"],
        ),
        (
            "can api reach kube-dns on 53?",
            [f"can {API} reach deployment kube-system/kube-dns on {each}/53" for each in ("tcp", "udp")],
        ),
        (
            "can the internet reach frontend on 80 or 8080?",
            [f"can the internet reach {each} on tcp/80, tcp/8080" for each in (FRONT, "service prod/frontend")],
        ),
        (
            # on these ports, or but for these
            "nothing in dev can reach prod except api on 9000",
            [
                f"no pod in namespace dev can reach {IN_PROD} except to {API} on tcp/9000",
                f"no pod in namespace dev can reach {IN_PROD} except {API} on tcp/9000",
            ],
        ),
        (
            "only api can reach prod except redis on 6379",
            [
                f"only {API} can reach {IN_PROD} except to {REDIS} on tcp/6379",
                f"only {API} can reach {IN_PROD} except {REDIS} on tcp/6379",
            ],
        ),
        (
            "are ops and dev isolated from each other?",
            [
                "namespace ops is isolated from namespace dev",
                f"no deployment ops/ops or {IN_DEV} can reach deployment ops/ops or {IN_DEV} "
                f"except from deployment ops/ops to deployment ops/ops and from {IN_DEV} to {IN_DEV}",
            ],
        ),
        (
            "can every pod reach redis?",
            [f"can every pod reach {REDIS} on any port", f"can every pod reach {REDIS} on every port"],
        ),
    ],
)
def test_what_fits_two_readings_is_refused_with_both(sentence: str, choices: list[str]) -> None:
    marker = "^" * len(sentence)
    listed = "".join(f"\n    {each}" for each in choices)
    told = f"this can be read in 2 ways; write the one that is meant\n    {sentence}\n    {marker}\n  write{listed}"
    assert refusal(sentence) == told
    for each in choices:
        assert HERE.question(each).query.exact == ""


@pytest.mark.parametrize(
    "sentence",
    [
        # a denial that could be of all or of some
        *("every pod cannot reach redis", "all pods must not reach redis", "not every pod can reach redis"),
        *("can't frontend reach redis?", "isn't frontend allowed to reach redis?", "can nothing reach redis?"),
        *("can no pod reach redis?", "no pod cannot reach redis", "nothing can reach nothing"),
        *("someone cannot reach redis", "somebody can reach redis on 6379", "anything can reach redis"),
        # two sources or destinations: one, or both
        *("can frontend and api reach redis?", "can frontend reach redis and api?", "frontend and api can reach redis"),
        # one, or each of them
        *("api or frontend can reach redis on 6379", "frontend should be able to reach redis or api on 80"),
        *("can every pod reach redis or api on 80?", "frontend or api must not reach redis"),
        *("frontend can only reach api or redis on 6379", "only api can reach redis except frontend on 80"),
        *("frontend or api can only reach redis", "frontend can reach api but not redis"),
        # both ways, or one
        *("is traffic between frontend and redis blocked?", "can frontend and redis talk to each other?"),
        *("is redis isolated?", "are dev and prod isolated?", "is tenant a isolated?"),
        # some port, or every one
        *("frontend can reach redis", "frontend can reach redis on 6379?", "can api reach redis on 80 and 443?"),
        *("can api reach redis on all ports?", "can api reach redis on every port?"),
        # words that tenants and namespaces may have as names
        *("can pods in a tenant reach pods in another tenant?", "is there a default deny for ingress?"),
        # the policy, or what else has the name
        "can api reach redis without redis?",
        *("if I delete redis, can api reach frontend?", "what changes if I remove redis?"),
        # could be joined in two ways
        *("can pods labelled app=web or redis reach api?", "can pods outside prod and ops reach redis?"),
        *("can api reach redis or frontend except web?", "can pods in prod and dev reach redis?"),
        # no question about what is
        *("allow frontend to reach redis", "block dev from reaching prod", "should frontend be able to reach redis?"),
        *("frontend might reach redis", "frontend could not reach redis", "frontend may not reach redis on 80"),
        # not said by the language
        *("which pods can't reach redis?", "where can frontend not go?", "who can talk to whom?"),
        *("can everything reach redis?", "is anything exposed?", "which namespaces have default deny?"),
        *("can frontend ping redis?", "can frontend use redis?", "can redis get data from frontend?"),
        *("can Frontend reach Redis?", "can frontend reach redis can api reach redis", "frontend -> redis"),
        *("which ports are open on redis?", "is port 22 open?", "can anyone else reach redis?"),
    ],
)
def test_a_sentence_without_one_meaning_is_refused(sentence: str) -> None:
    assert refusal(sentence)


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        (
            "can frontned talk to redis?",
            "no workload, pod, service, namespace, tenant or node is named frontned; did you mean `frontend`?\n"
            "    can frontned talk to redis?\n"
            "        ^^^^^^^^\n"
            "  write\n"
            f"    can {FRONT} reach {REDIS}",
        ),
        (
            "can frontend frobnicate redis?",
            "`frobnicate` is not understood here\n"
            "    can frontend frobnicate redis?\n"
            "                 ^^^^^^^^^^\n"
            "  write\n"
            f"    can {FRONT} reach {REDIS}\n"
            f"    which pods can reach {REDIS}\n"
            f"    why can't {FRONT} reach {REDIS}",
        ),
        (
            "can frontend ping redis?",
            "`ping` is not understood here; network policies cannot tell ICMP apart\n"
            "    can frontend ping redis?\n"
            "                 ^^^^\n"
            "  write\n"
            f"    can {FRONT} reach {REDIS}\n"
            f"    can the internet reach {REDIS}\n"
            f"    which pods can reach {REDIS}",
        ),
        (
            "can api talk to",
            "the sentence is incomplete\n"
            "    can api talk to\n"
            "                   ^\n"
            "  write\n"
            f"    can {API} reach deployment dev/api-2\n"
            f"    can {API} reach the internet\n"
            f"    which pods can {API} reach",
        ),
    ],
)
def test_a_sentence_is_refused_with(sentence: str, told: str) -> None:
    assert refusal(sentence) == told


def test_what_the_exact_language_reads_is_never_plain() -> None:
    for exact in (
        "can namespace prod reach deployment prod/redis",
        "all tenants are isolated",
        "no pod can reach nodes",
    ):
        assert understood(exact) == ""
    assert refusal("can namespace shop reach pods").startswith("no namespace shop in the snapshot; it has dev, ")


def test_a_mistake_of_binding_shows_what_was_understood() -> None:
    sentence = "can api reach service redis on 80?"
    exact = f"can {API} reach service prod/redis on tcp/80"
    assert refusal(sentence) == (
        f"service prod/redis has none of these ports; its ports: tcp/6379 (understood as `{exact}`)\n"
        f"    {sentence}\n    {'^' * len(sentence)}"
    )


def test_several_sentences_are_each_read_and_their_mistakes_told_together() -> None:
    first, second = HERE.questions("can api talk to redis? who can reach frontend?")
    assert (first.text, second.text) == ("can api talk to redis?", "who can reach frontend?")
    assert second.query.exact == f"which pods can reach {FRONT}"
    with pytest.raises(InputError) as caught:
        HERE.questions("can apo talk to redis?\nwho can reach fronted?")
    assert [(each.line, each.column) for each in caught.value.problems] == [(1, 5), (2, 15)]


def test_the_answer_begins_with_what_was_understood() -> None:
    answer = HERE.ask("can frontend talk to redis?")
    assert (answer.query, answer.normalized) == ("can frontend talk to redis?", f"can {FRONT} reach {REDIS}")
    assert answer.plain
    assert not HERE.ask(answer.normalized).plain


def test_a_pack_may_be_plain_and_is_warned() -> None:
    text = "invariant one: nothing in dev can reach redis\nexpect reachable: can tenant b talk to api?"
    report = check(HERE, [PackText(name="p", text=text)])
    first, second = (result.answer for result in report.results)
    exact = f"no pod in namespace dev can reach {REDIS}"
    assert (first.normalized, first.verdict) == (exact, "holds")
    assert second.normalized == f"can pods in tenant b reach {API}"
    (warning,) = (each.text for each in first.warnings if each.code == "PLAIN_SPEECH")
    assert warning == (
        f"written in plain speech, whose names may mean something else in another snapshot; keep this: {exact}"
    )


def test_a_pack_reads_its_own_tenants() -> None:
    text = "define tenant shop as namespaces labelled tenant=a\ninvariant one: nothing in dev can reach shop"
    (result,) = check(HERE, [PackText(name="p", text=text)]).results
    assert result.answer.normalized == "no pod in namespace dev can reach pods in tenant shop"
