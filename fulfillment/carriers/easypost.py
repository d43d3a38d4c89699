"""EasyPost API v2: rate, buy and void labels, track them, and close the day with a scan form.

``Account.base_url`` is the API's address without ``/v2``. Credentials: ``api_key`` and ``webhook_secret``.
Options: ``label_format`` (PDF), ``eel_pfc`` (the filing of an export of the United States above its exemption), ``carrier_accounts`` (ids to ask; by default all), ``label_hosts`` (where
labels may be fetched from besides the API itself), ``search_days`` (2: how far apart two tries of one parcel
may be), ``scan_form_carriers`` (["USPS"]: those that close the day with a form of their own).

EasyPost has no idempotency key. Three things stand in for one: a shipment carries the parcel's key as its
``reference``; a shipment can be bought only once, so a quote bought twice is one label; and ``find_label``
reads back what an earlier try bought. So keep the quote with the intent, and try again with that same quote.
"""

from __future__ import annotations

import hashlib
import hmac
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote as quoted
from urllib.parse import urlsplit

from fulfillment.carriers import easypost_read as reading
from fulfillment.carriers.base import Account, BoughtLabel, Can, CarrierForm, Parcel, Quote, Scan
from oms.core.errors import OmsError, Permanent, Rejected, Retry
from oms.core.http import Http
from oms.core.words import gettext_noop

EXISTS = "SHIPMENT.POSTAGE.EXISTS"
REFUNDED = "SHIPMENT.REFUND.UNAVAILABLE"
LABEL_HOSTS = ("easypost-files.s3.us-west-2.amazonaws.com", "easypost-files.s3-us-west-2.amazonaws.com")
PAGE = 100
PACE = 0.21  # seconds between pages: lists are limited to five a second


class EasyPost:
    kind = "easypost"
    can = frozenset(Can)
    credentials = {"api_key": gettext_noop("API key"), "webhook_secret": gettext_noop("webhook secret")}

    def __init__(self, account: Account, http: Http):
        self.account = account
        self.http = http
        self._auth = (account.credentials.get("api_key", ""), "")
        self._secret = account.credentials.get("webhook_secret", "")

    @classmethod
    def make_http(cls, account: Account) -> Http:
        return Http(account.base_url, headers={"Accept": "application/json"})

    # --- rates and labels ----------------------------------------------------------------------------------

    def rates(self, parcel: Parcel) -> Sequence[Quote]:
        """Cheapest first. Makes a shipment at EasyPost, which costs nothing until it is bought."""
        options = {"label_format": self.account.options.get("label_format", "PDF")}
        if self.account.options.get("eel_pfc"):
            options["eel_pfc"] = self.account.options["eel_pfc"]
        accounts = self.account.options.get("carrier_accounts") or ()
        return reading.read_quotes(self._post("shipments", reading.write_shipment(parcel, options, accounts)))

    def find_label(self, parcel: Parcel) -> BoughtLabel | None:
        """One request when nothing was ever asked for this parcel; else the purchases of those days."""
        found = self._find(f"shipments/{quoted(parcel.key, safe='')}")
        if found is None:
            return None
        if _live(found, parcel.key):
            return self._with_file(reading.read_label(found))
        # A reference need not be unique there: another shipment of this parcel may be the bought one.
        days = timedelta(days=float(self.account.options.get("search_days", 2)))
        made = reading.moment(found["created_at"])
        window = {"start_datetime": _stamp(made - days), "end_datetime": _stamp(made + days)}
        for shipment in self._pages("shipments", {"purchased": "true", **window}):
            if _live(shipment, parcel.key):
                return self._with_file(reading.read_label(shipment))
        return None

    def buy(self, parcel: Parcel, quote: Quote) -> BoughtLabel:
        """Safe to repeat with the same quote. The label's body is empty where its file could not be fetched
        now: it is bought all the same, and ``label_file`` gets it later."""
        shipment, rate = quote.ref.get("shipment_id"), quote.ref.get("rate_id")
        if not shipment or not rate:
            raise Rejected("rate", "no_rate", "This quote is not one of EasyPost's.")
        try:
            bought = self._post(f"shipments/{shipment}/buy", {"rate": {"id": rate}})
        except Permanent as error:
            if error.reason != EXISTS:
                raise
            bought = self._find(f"shipments/{shipment}")
            if not bought or not bought.get("postage_label"):
                # It is bought, they say, and reading does not show it yet.
                raise Retry(f"EasyPost has not yet shown the label of {shipment}.") from None
        return self._with_file(reading.read_label(bought))

    def label_file(self, url: str) -> bytes:
        """The label itself. Fetched without our key, and only from where EasyPost keeps labels."""
        parts = urlsplit(url)
        http = self.http
        if parts.netloc != urlsplit(self.account.base_url).netloc:
            hosts = (*LABEL_HOSTS, *self.account.options.get("label_hosts", ()))
            if parts.scheme != "https" or parts.hostname not in hosts:
                raise Permanent("foreign_host", f"Labels are not fetched from {parts.netloc}.")
            http = Http(f"https://{parts.netloc}")
        answer = http.request("GET", url)
        if answer.status != 200 or not answer.body:
            raise Permanent("no_label", f"The label's file answered {answer.status}.")
        return answer.body

    def void(self, label_external_id: str) -> str:
        """``submitted``, ``voided`` or ``refused``; a refused one may be asked again."""
        try:
            shipment = self._post(f"shipments/{label_external_id}/refund", {})
        except Permanent as refusal:
            # Asked before, perhaps: where it stands decides.
            shipment = self._get(f"shipments/{label_external_id}")
            if not shipment.get("refund_status"):
                if refusal.reason == REFUNDED:
                    raise Retry(str(refusal)) from None  # reading does not show it yet
                raise refusal from None
        return reading.VOID_WORDS.get(shipment.get("refund_status") or "", "refused")

    # --- the end of the day ---------------------------------------------------------------------------------

    def manifests(self, carrier: str) -> bool:
        return carrier in self.account.options.get("scan_form_carriers", ("USPS",))

    def find_manifest(self, label_external_ids: Sequence[str]) -> CarrierForm | None:
        for label in label_external_ids[:1]:  # they stand on one form together, or on none
            shipment = self._get(f"shipments/{label}")
            if shipment.get("scan_form"):
                form = self._get(f"scan_forms/{shipment['scan_form']['id']}")
                return self._with_form(reading.read_form(form))
        return None

    def manifest(self, label_external_ids: Sequence[str]) -> CarrierForm:
        asked = {"scan_form": {"shipment": [{"id": label} for label in label_external_ids]}}
        return self._with_form(reading.read_form(self._post("scan_forms", asked)))

    def _with_form(self, form: CarrierForm) -> CarrierForm:
        try:
            return replace(form, body=self.label_file(form.url)) if form.url else form
        except OmsError:
            return form

    # --- tracking ------------------------------------------------------------------------------------------

    def track(self, tracker_ids: Sequence[str]) -> Sequence[Scan]:
        """Takes EasyPost's ids (``trk_…``, one request each) and tracking numbers (a hundred a request).
        What EasyPost does not know is left out."""
        ids = [each for each in tracker_ids if each.startswith("trk_")]
        codes = [each for each in tracker_ids if not each.startswith("trk_")]
        trackers = [found for each in ids if (found := self._find(f"trackers/{each}")) is not None]
        for start in range(0, len(codes), PAGE):
            wanted = codes[start : start + PAGE]
            while wanted:
                page = self._post("trackers/batch", {"tracking_codes": wanted})
                got = {each["tracking_code"] for each in page["trackers"]}
                trackers += page["trackers"]
                wanted = [code for code in wanted if code not in got] if page.get("has_more") and got else []
        return [scan for tracker in trackers for scan in reading.read_scans(tracker)]

    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        given = next((value for name, value in headers.items() if name.lower() == "x-hmac-signature"), "")
        if not self._secret or not given:
            return False
        key = unicodedata.normalize("NFKD", self._secret).encode()
        right = f"hmac-sha256-hex={hmac.new(key, body, hashlib.sha256).hexdigest()}"
        return hmac.compare_digest(given.encode(), right.encode())

    def read_webhook(self, body: bytes) -> Sequence[Scan]:
        return reading.read_event(body)

    # --- the wire ------------------------------------------------------------------------------------------

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self._read(self.http.request("GET", f"v2/{path}", params=params, auth=self._auth))

    def _find(self, path: str) -> Any | None:
        try:
            return self._get(path)
        except Permanent as error:
            if error.reason == "NOT_FOUND":
                return None
            raise

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._read(self.http.request("POST", f"v2/{path}", json=body, auth=self._auth))

    def _read(self, answer: Any) -> Any:
        if answer.status >= 400:
            raise reading.read_error(answer.status, answer.body)
        return answer.json()

    def _pages(self, name: str, params: Mapping[str, Any]) -> Iterator[Any]:
        asked = {"page_size": PAGE, **params}
        while True:
            page = self._get(name, asked)
            yield from page[name]
            if not page.get("has_more") or not page[name]:
                return
            asked["before_id"] = page[name][-1]["id"]
            time.sleep(PACE)

    def _with_file(self, label: BoughtLabel) -> BoughtLabel:
        try:
            return replace(label, label_body=self.label_file(label.label_url)) if label.label_url else label
        except OmsError:
            return label


def _live(shipment: Mapping[str, Any], key: str) -> bool:
    bought = bool(shipment.get("postage_label")) and shipment.get("reference") == key
    return bought and shipment.get("refund_status") not in reading.VOIDED


def _stamp(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
