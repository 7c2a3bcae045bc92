# A price list for `lifeboat status --prices`, of AWS's own offer files of S3, one for each region:
#
#     curl -sO https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonS3/current/eu-west-1/index.json
#     jq --slurp --from-file examples/prices/aws.jq index.json > prices.json
#
# A usage type is prefixed with a short name of the region (EUC1-TimedStorage-ByteHrs), but for us-east-1. The same usage type can stand
# for several prices, told apart by the operation. A price that the file does not have is left out, and then not known.
def short: sub("^[A-Z]{2,4}[0-9]?-"; "");
# At the most 9 decimals, without the zeros behind.
def plain: if contains(".") then sub("0+$"; "") | sub("\\.$"; "") else . end;
# 1,000 times a price, by moving the point.
def thousand:
  (split(".") | {whole: .[0], rest: ((.[1] // "") + "000")}) | (.whole + .rest[0:3] | sub("^0+(?=[0-9])"; "")) + "." + (.rest[3:] + "0") | plain;
def rows:
  . as $offer
  | [.products[] | select(.attributes.usagetype != null)
     | {region: .attributes.regionCode, usage: (.attributes.usagetype | short), operation: (.attributes.operation // ""),
        price: ([$offer.terms.OnDemand[.sku] // {} | .[].priceDimensions[] | select(.beginRange == "0") | .pricePerUnit.USD | select(. != null)] | first)}
     | select(.price != null)];
def price($usage; $operation): [.[] | select(.usage == $usage and .operation == $operation) | .price] | unique | if length == 1 then .[0] | plain else null end;
def requests($usage; $operation): [.[] | select(.usage == $usage and .operation == $operation) | .price] | unique | if length == 1 then .[0] | thousand else null end;
def tidy: with_entries(select(.value != null and .value != {}));
def retrieval($gb; $operation; $requests):
  price($gb; $operation) as $gb | if $gb == null then null else {gb: $gb, requests: $requests} | tidy end;
def classes: {
    STANDARD: {storage: price("TimedStorage-ByteHrs"; "")},
    STANDARD_IA: {storage: price("TimedStorage-SIA-ByteHrs"; ""), transition: requests("Requests-Tier4"; "S3-SIATransition"),
                  retrieval: ({instant: retrieval("Retrieval-SIA"; ""; null)} | tidy)},
    ONEZONE_IA: {storage: price("TimedStorage-ZIA-ByteHrs"; ""), transition: requests("Requests-Tier4"; "S3-ZIATransition"),
                 retrieval: ({instant: retrieval("Retrieval-ZIA"; ""; null)} | tidy)},
    GLACIER_IR: {storage: price("TimedStorage-GIR-ByteHrs"; ""), transition: requests("Requests-Tier4"; "S3-GIRTransition"),
                 retrieval: ({instant: retrieval("Retrieval-GIR"; ""; null)} | tidy)},
    GLACIER: {storage: price("TimedStorage-GlacierByteHrs"; ""), transition: requests("Requests-Tier3"; "S3-GlacierTransition"),
              retrieval: ({expedited: retrieval("Expedited-Retrieval-Bytes"; ""; requests("Requests-Tier6"; "")),
                           standard: retrieval("Standard-Retrieval-Bytes"; "RestoreObject"; requests("Requests-Tier3"; "RestoreObject")),
                           bulk: retrieval("Bulk-Retrieval-Bytes"; "RestoreObject"; requests("Requests-Tier5"; ""))} | tidy)},
    # The offer of S3 names its storage only as the Deep Archive tier of Intelligent-Tiering, which has the same price.
    DEEP_ARCHIVE: {storage: price("TimedStorage-INT-DAA-ByteHrs"; ""), transition: requests("Requests-Tier3"; "S3-GDATransition"),
                   retrieval: ({standard: retrieval("Standard-Retrieval-Bytes"; "DeepArchiveRestoreObject"; null),
                                bulk: retrieval("Bulk-Retrieval-Bytes"; "DeepArchiveRestoreObject"; null)} | tidy)}
  } | map_values(tidy) | with_entries(select(.value.storage != null));
{
  format: "lifeboat.prices/1",
  currency: "USD",
  regions: (map((.publicationDate[0:10]) as $date | rows | {key: (map(.region) | unique | first),
                 value: {date: $date, source: "AWS price list, AmazonS3 offer published on \($date)", classes: classes}}) | from_entries)
}
