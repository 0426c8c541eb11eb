"""Towns that name a country: capitals and large towns, of the places where health programmes and offices are."""

TOWNS = """
AE Dubai|Abu Dhabi
AO Luanda|Huambo|Lobito
AT Vienna|Wien|Graz|Linz|Salzburg|Innsbruck
AU Sydney|Melbourne|Brisbane|Canberra
BD Dhaka|Chittagong
BE Brussels|Brüssel|Bruxelles|Antwerp
BF Ouagadougou|Bobo-Dioulasso
BI Bujumbura|Gitega
BJ Cotonou|Porto-Novo
BR Sao Paulo|São Paulo|Brasilia|Rio de Janeiro
BW Gaborone|Francistown|Maun
BZ Belmopan|Belize City
CA Toronto|Montreal|Ottawa|Vancouver
CD Kinshasa|Lubumbashi|Goma|Kisangani|Bukavu
CG Brazzaville|Pointe-Noire
CH Geneva|Genf|Genève|Zurich|Zürich|Basel|Bern|Lausanne
CI Abidjan|Yamoussoukro|Bouaké
CM Yaounde|Yaoundé|Douala
CN Beijing|Shanghai|Shenzhen
CZ Prague|Prag
DE Berlin|Munich|München|Hamburg|Frankfurt|Cologne|Köln|Stuttgart|Düsseldorf|Leipzig|Bonn|Bremen|Hannover|Nürnberg
DK Copenhagen|Kopenhagen
DO Santo Domingo|Santiago de los Caballeros
EG Cairo
ES Madrid|Barcelona
ET Addis Ababa|Addis|Dire Dawa|Mekelle|Bahir Dar|Hawassa|Adama
FI Helsinki
FR Paris|Lyon|Marseille|Toulouse|Lille|Strasbourg|Bordeaux|Nantes
GB London|Manchester|Birmingham|Edinburgh|Glasgow|Bristol
GH Accra|Kumasi|Tamale
GN Conakry
GT Guatemala City|Quetzaltenango
GY Georgetown|Linden
HT Port-au-Prince|Port au Prince|Cap-Haitien|Cap-Haïtien|Les Cayes|Gonaïves
ID Jakarta
IE Dublin
IN Mumbai|New Delhi|Delhi|Bangalore|Hyderabad|Chennai
IT Rome|Milan|Mailand|Rom|Turin
JP Tokyo
KE Nairobi|Mombasa|Kisumu|Eldoret|Nakuru
KG Bishkek|Osh
KZ Almaty|Astana|Nur-Sultan
LB Beirut
LR Monrovia
LS Maseru
LY Tripoli|Benghazi
MG Antananarivo
ML Bamako|Sikasso|Mopti
MW Lilongwe|Blantyre|Mzuzu|Zomba
MX Mexico City
MZ Maputo|Beira|Nampula|Quelimane|Tete|Matola
NA Windhoek|Walvis Bay|Oshakati|Rundu
NG Lagos|Abuja|Kano|Ibadan|Port Harcourt|Kaduna|Jos|Enugu|Maiduguri|Calabar
NE Niamey
NL Amsterdam|Rotterdam|The Hague|Den Haag|Utrecht
NO Oslo
PK Karachi|Lahore|Islamabad|Rawalpindi|Peshawar|Quetta
PL Warsaw|Krakow
PT Lisbon
RW Kigali|Butare|Huye
SD Khartoum|Port Sudan
SE Stockholm|Gothenburg|Malmö
SG Singapore
SL Freetown
SN Dakar|Thiès|Saint-Louis
SS Juba|Malakal|Wau
SZ Mbabane|Manzini
TD N'Djamena
TG Lomé
TH Bangkok
TZ Dar es Salaam|Dodoma|Arusha|Mwanza|Zanzibar|Moshi|Mbeya
UA Kyiv
UG Kampala|Entebbe|Gulu|Mbarara|Jinja
US New York|Washington|Boston|Chicago|Atlanta|San Francisco|Seattle|Houston|Los Angeles
VN Hanoi|Ha Noi|Ho Chi Minh City|Saigon|Da Nang|Hai Phong|Haiphong
ZA Johannesburg|Pretoria|Cape Town|Durban|Centurion|Port Elizabeth|Bloemfontein
ZM Lusaka|Ndola|Kitwe|Livingstone|Chipata|Mongu
ZW Harare|Bulawayo|Mutare|Gweru
"""

#: Names that Babel's territory lists do not have.
NAMES = """
CD DRC|DR Congo|D.R. Congo|Congo DRC|Congo, DRC
CD Democratic Republic of Congo|Democratic Republic of the Congo|RDC|RD Congo|Congo-Kinshasa
CG Republic of Congo|Republic of the Congo|Congo-Brazzaville|Congo Republic
CI Côte d'Ivoire|Cote d'Ivoire|Côte d’Ivoire|Ivory Coast|Elfenbeinküste
CZ Czech Republic|Tschechien
GB UK|U.K.|United Kingdom|Great Britain|Britain|England|Scotland|Wales|Großbritannien
KG Kyrgyz Republic|Kyrgyzstan
KR South Korea|Korea
LA Laos
MM Burma|Myanmar
NL Holland|the Netherlands
RU Russia
SZ Swaziland|Eswatini|Swasiland
TZ Tanzania|Tansania|Zanzibar
AE UAE|U.A.E.|Emirates
US USA|U.S.A.|U.S.|United States|United States of America|America
VN Vietnam|Viet Nam
ZA South Africa|RSA|Südafrika
TR Turkey|Turkiye
SY Syria
IR Iran
BO Bolivia
VE Venezuela
MD Moldova
CV Cape Verde
TL East Timor
DO Dominican Republic|Dom. Republic|République dominicaine
"""

ADJECTIVES = """
AO Angolan
BW Botswanan
BJ Beninese
BI Burundian
CM Cameroonian
CD Congolese
CI Ivorian
DO Dominican
ET Ethiopian
FR French
DE German
GH Ghanaian
GT Guatemalan
GN Guinean
GY Guyanese
HT Haitian
KZ Kazakh
KE Kenyan
KG Kyrgyz
LB Lebanese
LS Basotho
LR Liberian
LY Libyan
MW Malawian
ML Malian
MZ Mozambican
NA Namibian
NG Nigerian
PK Pakistani
RW Rwandan
SN Senegalese
SL Sierra Leonean
ZA South African
SS South Sudanese
SD Sudanese
SZ Swazi
TZ Tanzanian
UG Ugandan
VN Vietnamese
ZM Zambian
ZW Zimbabwean
AT Austrian
CH Swiss
GB British
US American
IN Indian
IT Italian
ES Spanish
NL Dutch
BE Belgian
PT Portuguese
SE Swedish
DK Danish
NO Norwegian
PL Polish
BZ Belizean
"""
